import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import {
  Id,
  LOCATIONS_MAX,
  OrderNumber,
  page,
  PageQuery,
  Pieces,
  Quantity,
  StockPart,
  TimestampMs
} from '../primitives.ts'

/** More pieces than this are never available at one location, so that every sum stays an exact integer. */
export const AVAILABLE_PIECES_MAX = 1_000_000_000

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

export const listStock = defineOperation({
  id: 'listStock',
  method: 'GET',
  path: '/api/stock',
  role: 'admin',
  summary: 'The stock of every product, or of those kept at one location, by product id.',
  query: Type.Object({ ...PageQuery, location: Type.Optional(Id) }, { additionalProperties: false }),
  responses: { 200: page(ProductStock) },
  errors: []
})

/**
 * What is remembered of a sale: `reserved`: held; `sold`: became an order; `released`: failed, given back; `rejected`: never had
 * pieces; `closed`: failed before it was known here; `oversold`: an order without pieces, which must not be.
 */
export const ReservationState = Type.Union([
  Type.Literal('reserved'),
  Type.Literal('sold'),
  Type.Literal('released'),
  Type.Literal('rejected'),
  Type.Literal('closed'),
  Type.Literal('oversold')
])
export type ReservationState = Static<typeof ReservationState>

export const Reservation = Type.Object(
  {
    orderNumber: OrderNumber,
    productId: Id,
    quantity: Quantity,
    state: ReservationState,
    /** Where the pieces came from; none where the sale never had any. */
    parts: Type.Array(StockPart, { maxItems: LOCATIONS_MAX }),
    decidedAt: TimestampMs,
    /** When the held pieces will be asked about; only while they are held. */
    expiresAt: Type.Optional(TimestampMs),
    settledAt: Type.Optional(TimestampMs)
  },
  { additionalProperties: false }
)
export type Reservation = Static<typeof Reservation>

export const listReservations = defineOperation({
  id: 'listReservations',
  method: 'GET',
  path: '/api/reservations',
  role: 'admin',
  summary: 'What inventory remembers of each sale, newest first.',
  query: Type.Object(
    {
      ...PageQuery,
      orderNumber: Type.Optional(OrderNumber),
      productId: Type.Optional(Id),
      state: Type.Optional(ReservationState)
    },
    { additionalProperties: false }
  ),
  responses: { 200: page(Reservation) },
  errors: []
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
