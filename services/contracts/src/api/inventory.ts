import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Id, Pieces, TimestampMs } from '../primitives.ts'

/** More pieces than this are never available at one location, so that every sum stays an exact integer. */
export const AVAILABLE_PIECES_MAX = 1_000_000_000
export const LOCATIONS_MAX = 1_000

export const LocationStock = Type.Object(
  {
    location: Id,
    available: Pieces,
    reserved: Pieces,
    sold: Pieces,
    version: Type.Integer({ minimum: 1 }),
    changedAt: TimestampMs
  },
  { additionalProperties: false }
)
export const ProductStock = Type.Object(
  {
    productId: Id,
    available: Pieces,
    reserved: Pieces,
    sold: Pieces,
    locations: Type.Array(LocationStock, { maxItems: LOCATIONS_MAX })
  },
  { additionalProperties: false }
)
export type ProductStock = Static<typeof ProductStock>

const ProductParams = Type.Object({ productId: Id }, { additionalProperties: false })
const location = Type.Optional(Type.Unsafe<string>({ ...Id, default: 'main' }))

export const readStock = defineOperation({
  id: 'readStock',
  method: 'GET',
  path: '/api/stock/:productId',
  role: 'public',
  summary: 'How many pieces of a product are available, held for sales, and sold, in all and by location.',
  params: ProductParams,
  responses: { 200: ProductStock },
  errors: ['STOCK_NOT_FOUND']
})

export const setStock = defineOperation({
  id: 'setStock',
  method: 'PUT',
  path: '/api/stock/:productId',
  role: 'admin',
  summary:
    'Sets the available pieces of a product at a location, as after a count. Held and sold pieces are not touched.',
  params: ProductParams,
  body: Type.Object(
    { location, available: Type.Integer({ minimum: 0, maximum: AVAILABLE_PIECES_MAX }) },
    { additionalProperties: false }
  ),
  responses: { 200: ProductStock },
  errors: ['STOCK_LOCATIONS_LIMIT'],
  idempotent: true
})

export const adjustStock = defineOperation({
  id: 'adjustStock',
  method: 'POST',
  path: '/api/stock/:productId/adjustments',
  role: 'admin',
  summary: 'Adds to or takes from available stock. `adjustmentId` makes a repeat harmless.',
  params: ProductParams,
  body: Type.Object(
    {
      adjustmentId: Id,
      location,
      delta: Type.Integer({ minimum: -AVAILABLE_PIECES_MAX, maximum: AVAILABLE_PIECES_MAX }),
      reason: Type.String({ minLength: 1, maxLength: 200 })
    },
    { additionalProperties: false }
  ),
  responses: { 200: ProductStock },
  errors: ['STOCK_NOT_FOUND', 'STOCK_INSUFFICIENT', 'STOCK_LIMIT', 'ADJUSTMENT_ID_REUSED'],
  idempotent: true
})
