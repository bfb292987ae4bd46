import { Type, type Static, type TSchema } from 'typebox'

/** Building blocks shared by events and HTTP schemas. Every string and number has a bound. */

/** Ids chosen by us are UUIDs; ids chosen by a client may be any short token without separators. */
export const Id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$' })

/** `<auctionId>.<n>`: the n-th sale of an auction. Derived, so that a repeated close names the same sale. */
export const OrderNumber = Type.String({ minLength: 3, maxLength: 80, pattern: '^[A-Za-z0-9_-]+\\.[0-9]+$' })

/** Money in integer minor units (cents). The upper bound keeps every sum of a million bids an exact integer. */
export const Minor = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000_00,
  description: 'Amount in minor units of the currency.'
})
export const PositiveMinor = Type.Integer({
  minimum: 1,
  maximum: 1_000_000_000_00,
  description: 'Amount in minor units of the currency, above zero.'
})

/** One line of what people write. Control characters are none, and PostgreSQL takes no NUL. */
export const Line = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })

/** ISO 4217. */
export const Currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 code.' })

export const Quantity = Type.Integer({ minimum: 1, maximum: 1_000_000 })

/** A count of pieces in stock, summed over any number of locations. */
export const Pieces = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description: 'Pieces.' })

/** More places than this does no product lie at. */
export const LOCATIONS_MAX = 1_000

/** How many pieces of a sale come from one location. */
export const StockPart = Type.Object({ location: Id, quantity: Quantity }, { additionalProperties: false })
export type StockPart = Static<typeof StockPart>
export const Count = Type.Integer({ minimum: 0, description: 'How many.' })

/** Milliseconds since the Unix epoch, UTC. */
export const TimestampMs = Type.Integer({
  minimum: 0,
  maximum: 8_640_000_000_000_000,
  description: 'Milliseconds since the Unix epoch.'
})

export const Hash = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, lower-case hexadecimal.' })

export const Email = Type.String({ minLength: 3, maxLength: 254, pattern: '^[^\\s@]+@[^\\s@]+$' })

export const Cursor = Type.String({
  minLength: 1,
  maxLength: 512,
  description: 'Opaque: take it from `nextCursor` of the page before.'
})

/** A place in the log. Positions begin at 1 and have no gaps: who has seen N has seen all below it. */
export const Position = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'A place in the log.'
})

/** A page of a listing; `nextCursor` is absent on the last page. */
export const page = <Item extends TSchema>(item: Item) =>
  Type.Object({ items: Type.Array(item), nextCursor: Type.Optional(Cursor) }, { additionalProperties: false })

export const PageQuery = {
  cursor: Type.Optional(Cursor),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 }))
}

/** What was sold to whom for how much. Carried whole by every event of the saga, so that no service asks another. */
export const Sale = Type.Object(
  {
    orderNumber: OrderNumber,
    auctionId: Id,
    productId: Id,
    userId: Id,
    quantity: Quantity,
    unitPriceMinor: PositiveMinor,
    totalMinor: PositiveMinor,
    currency: Currency,
    confirmedAt: TimestampMs
  },
  { additionalProperties: false }
)
export type Sale = Static<typeof Sale>
