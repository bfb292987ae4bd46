import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import {
  Count,
  Id,
  Line,
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
    /** Rises with every change; of two answers the one with the higher version is the newer. */
    version: Count,
    locations: Type.Array(LocationStock, { maxItems: LOCATIONS_MAX })
  },
  { additionalProperties: false }
)
export type ProductStock = Static<typeof ProductStock>

const ProductParams = Type.Object({ productId: Id }, { additionalProperties: false })
const Reason = Line(200)
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
    {
      /** Makes a repeat harmless even where the stock was changed in between. */
      commandId: Type.Optional(Id),
      location,
      available: Type.Integer({ minimum: 0, maximum: AVAILABLE_PIECES_MAX }),
      reason: Type.Optional(Reason)
    },
    { additionalProperties: false }
  ),
  responses: { 200: ProductStock },
  errors: ['STOCK_LOCATIONS_LIMIT', 'COMMAND_ID_REUSED'],
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
      reason: Reason
    },
    { additionalProperties: false }
  ),
  responses: { 200: ProductStock },
  errors: ['STOCK_NOT_FOUND', 'STOCK_INSUFFICIENT', 'STOCK_LIMIT', 'ADJUSTMENT_ID_REUSED'],
  idempotent: true
})

export const transferStock = defineOperation({
  id: 'transferStock',
  method: 'POST',
  path: '/api/stock/:productId/transfers',
  role: 'admin',
  summary:
    'Moves available pieces from one location to another, at once or not at all. `transferId` makes a repeat harmless.',
  params: ProductParams,
  body: Type.Object(
    {
      transferId: Id,
      from: Id,
      to: Id,
      quantity: Type.Integer({ minimum: 1, maximum: AVAILABLE_PIECES_MAX }),
      reason: Reason
    },
    { additionalProperties: false }
  ),
  responses: { 200: ProductStock },
  errors: [
    'STOCK_NOT_FOUND',
    'STOCK_INSUFFICIENT',
    'STOCK_LIMIT',
    'STOCK_LOCATIONS_LIMIT',
    'TRANSFER_ID_REUSED',
    'TRANSFER_TO_ITSELF'
  ],
  idempotent: true
})

const Change = Type.Integer({ minimum: -1_000_000_000_000, maximum: 1_000_000_000_000, description: 'Pieces, signed.' })

/** One change of one location: by how much, to what, who, why, when. */
export const StockHistoryEntry = Type.Object(
  {
    position: Type.Integer({ minimum: 1, description: 'Rises from change to change of a product.' }),
    location: Id,
    /** Changes of one batch for one reason share a version. */
    version: Type.Integer({ minimum: 1 }),
    reason: Type.Union([
      Type.Literal('set'),
      Type.Literal('adjusted'),
      Type.Literal('transferred'),
      Type.Literal('reserved'),
      Type.Literal('released'),
      Type.Literal('sold')
    ]),
    change: Type.Object({ available: Change, reserved: Change, sold: Change }, { additionalProperties: false }),
    after: Type.Object({ available: Pieces, reserved: Pieces, sold: Pieces }, { additionalProperties: false }),
    /** A user’s id, or the service whose news it was. */
    actor: Type.String({ maxLength: 64 }),
    /** The reason an admin gave, or the event. */
    note: Type.Optional(Type.String({ maxLength: 200 })),
    /** The adjustment, the transfer or the command that asked for it. */
    commandId: Type.Optional(Id),
    orderNumber: Type.Optional(OrderNumber),
    changedAt: TimestampMs
  },
  { additionalProperties: false }
)
export type StockHistoryEntry = Static<typeof StockHistoryEntry>

export const readStockHistory = defineOperation({
  id: 'readStockHistory',
  method: 'GET',
  path: '/api/stock/:productId/history',
  role: 'admin',
  summary:
    'Every change of a product’s stock, newest first: by how much, to what, who, why and when. Nothing in it is ever changed.',
  params: ProductParams,
  query: Type.Object(
    { ...PageQuery, location: Type.Optional(Id), orderNumber: Type.Optional(OrderNumber) },
    { additionalProperties: false }
  ),
  responses: { 200: page(StockHistoryEntry) },
  errors: []
})
