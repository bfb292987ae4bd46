import { Type, type Static } from 'typebox'
import { PaymentStatus } from '../api/payment.ts'
import { defineEvent } from '../define.ts'
import { Count, Currency, Id, Minor, OrderNumber, Pieces, Quantity, TimestampMs } from '../primitives.ts'

/**
 * What services find in their own databases, told page by page and round after round, for whoever compares it with what they said when it happened.
 * No facts of the domain: nobody's state comes from them, so the event log does not keep them.
 */

const closed = { additionalProperties: false } as const

/** A statement covers all there is in its range of ids: what it does not name was not there. */
const range = {
  /** Excluded; empty at the beginning. */
  after: Type.String({ maxLength: 128 }),
  /** Included; null: to the end. */
  upTo: Type.Union([Type.String({ minLength: 1, maxLength: 128 }), Type.Null()]),
  /** Whatever changed here before this moment had been published when the page was read, and what others had said before it had been heard. */
  asOf: TimestampMs
}
export interface StatedRange {
  after: string
  upTo: string | null
  asOf: number
}

export const STATED_MAX = 500

export const StatedLedger = Type.Object(
  {
    auctionId: Id,
    /** Of the last entry. */
    sequence: Count,
    /** The sales of its entries have the order numbers `<auctionId>.1` to `<auctionId>.<saleCount>`. */
    saleCount: Count,
    /** `n` of the order numbers that accepted offers brought about besides. */
    offeredSales: Type.Array(Count, { maxItems: 100 }),
    changedAt: TimestampMs
  },
  closed
)
export type StatedLedger = Static<typeof StatedLedger>

export const LedgersStated = defineEvent(
  'LedgersStated',
  1,
  'Bidding tells where the ledgers of a range of auctions end and how many sales they hold.',
  Type.Object({ ...range, ledgers: Type.Array(StatedLedger, { maxItems: STATED_MAX }) }, closed)
)

export const StatedReservation = Type.Object(
  {
    orderNumber: OrderNumber,
    productId: Id,
    quantity: Quantity,
    state: Type.String({ maxLength: 20 }),
    changedAt: TimestampMs
  },
  closed
)
export type StatedReservation = Static<typeof StatedReservation>

export const ReservationsStated = defineEvent(
  'ReservationsStated',
  1,
  'Inventory tells what it remembers of a range of sales.',
  Type.Object({ ...range, reservations: Type.Array(StatedReservation, { maxItems: STATED_MAX }) }, closed)
)

export const StatedStock = Type.Object(
  {
    productId: Id,
    locations: Type.Array(
      Type.Object(
        {
          location: Id,
          available: Pieces,
          reserved: Pieces,
          sold: Pieces,
          version: Type.Integer({ minimum: 1 }),
          changedAt: TimestampMs
        },
        closed
      )
    ),
    /** Pieces of its reservations that are held, and that are sold, counted in the same moment. */
    heldFor: Pieces,
    soldTo: Pieces
  },
  closed
)
export type StatedStock = Static<typeof StatedStock>

export const StockStated = defineEvent(
  'StockStated',
  1,
  'Inventory tells the stock of a range of products, and what its reservations of them add up to.',
  Type.Object({ ...range, products: Type.Array(StatedStock, { maxItems: STATED_MAX }) }, closed)
)

export const StatedPayment = Type.Object(
  { orderNumber: OrderNumber, status: PaymentStatus, amountMinor: Minor, currency: Currency, changedAt: TimestampMs },
  closed
)
export type StatedPayment = Static<typeof StatedPayment>

export const PaymentsStated = defineEvent(
  'PaymentsStated',
  1,
  'Payment tells what it has taken for a range of sales.',
  Type.Object({ ...range, payments: Type.Array(StatedPayment, { maxItems: STATED_MAX }) }, closed)
)

export const StatedSale = Type.Object(
  {
    orderNumber: OrderNumber,
    status: Type.Union([Type.Literal('open'), Type.Literal('ordered'), Type.Literal('failed')]),
    /** Of its order; absent where there is none. */
    orderedMinor: Type.Optional(Minor),
    changedAt: TimestampMs
  },
  closed
)
export type StatedSale = Static<typeof StatedSale>

export const SalesStated = defineEvent(
  'SalesStated',
  1,
  'Order tells how a range of sales ended, and of which it has an order.',
  Type.Object({ ...range, sales: Type.Array(StatedSale, { maxItems: STATED_MAX }) }, closed)
)
