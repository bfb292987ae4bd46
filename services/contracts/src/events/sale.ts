import { Type } from 'typebox'
import { defineEvent } from '../define.ts'
import { Id, LOCATIONS_MAX, Pieces, Sale, StockPart, TimestampMs } from '../primitives.ts'
import { failureReasons, type FailureReason as Reason } from '../errors.ts'

/** The saga, in order. See docs/adr/0002 and 0004 for why it is choreographed and why one service ends it. */

// A union over a mapped list has no static type of its own; the list gives it.
export const FailureReason = Type.Unsafe<Reason>(Type.Union(failureReasons.map((reason) => Type.Literal(reason))))

export const SaleConfirmed = defineEvent(
  'SaleConfirmed',
  1,
  'A bid has won: an auction closed with a winner, or a fixed-price bid was accepted. Starts the saga of this order number.',
  Type.Object({ sale: Sale }, { additionalProperties: false })
)

export const StockReserved = defineEvent(
  'StockReserved',
  1,
  'The pieces of a sale were taken from available stock and are held for it.',
  Type.Object({ sale: Sale, location: Id, reservedAt: TimestampMs }, { additionalProperties: false })
)

/** Two or more: what one location serves is told by version 1. */
const parts = Type.Array(StockPart, { minItems: 2, maxItems: LOCATIONS_MAX })

export const StockReservedV2 = defineEvent(
  'StockReserved',
  2,
  'The pieces of a sale were taken from several locations and are held for it. A sale that one location serves is told by version 1.',
  Type.Object({ sale: Sale, parts, reservedAt: TimestampMs }, { additionalProperties: false })
)

export const StockRejected = defineEvent(
  'StockRejected',
  1,
  'A sale could not be given stock: none is kept for the product, or too little is left.',
  Type.Object(
    { sale: Sale, reason: Type.Union([Type.Literal('SOLD_OUT'), Type.Literal('STOCK_NOT_FOUND')]), available: Pieces },
    { additionalProperties: false }
  )
)

export const StockReleased = defineEvent(
  'StockReleased',
  1,
  'A failed sale gave its held pieces back to available stock.',
  Type.Object({ sale: Sale, location: Id, releasedAt: TimestampMs }, { additionalProperties: false })
)

export const StockReleasedV2 = defineEvent(
  'StockReleased',
  2,
  'A failed sale gave its held pieces back to the several locations they came from. Those of one location are told by version 1.',
  Type.Object({ sale: Sale, parts, releasedAt: TimestampMs }, { additionalProperties: false })
)

export const ReservationExpired = defineEvent(
  'ReservationExpired',
  1,
  'Pieces have been held for a sale longer than any sale takes, and no end of it was heard. Asks order for the end; they stay held until it answers.',
  Type.Object(
    { sale: Sale, reservedAt: TimestampMs, expiredAt: TimestampMs, asked: Type.Integer({ minimum: 1 }) },
    { additionalProperties: false }
  )
)

export const PaymentCaptured = defineEvent(
  'PaymentCaptured',
  1,
  'The price of a sale was taken from the buyer.',
  Type.Object({ sale: Sale, paymentId: Id, capturedAt: TimestampMs }, { additionalProperties: false })
)

export const PaymentDeclined = defineEvent(
  'PaymentDeclined',
  1,
  'The price of a sale could not be taken: the provider said no, or the buyer has stored no payment method.',
  Type.Object(
    {
      sale: Sale,
      paymentId: Id,
      reason: Type.Union([Type.Literal('PAYMENT_DECLINED'), Type.Literal('PAYMENT_METHOD_MISSING')]),
      providerCode: Type.Optional(Type.String({ maxLength: 64 })),
      declinedAt: TimestampMs
    },
    { additionalProperties: false }
  )
)

export const PaymentRefunded = defineEvent(
  'PaymentRefunded',
  1,
  'The money of a failed sale went back to the buyer.',
  Type.Object({ sale: Sale, paymentId: Id, refundedAt: TimestampMs }, { additionalProperties: false })
)

export const OrderCreated = defineEvent(
  'OrderCreated',
  1,
  'A sale ended well: an immutable order was recorded. Exactly one of OrderCreated and BidFailed follows every SaleConfirmed.',
  Type.Object({ sale: Sale, paymentId: Id, createdAt: TimestampMs }, { additionalProperties: false })
)

export const BidFailed = defineEvent(
  'BidFailed',
  1,
  'A sale ended without an order: stock goes back and money is refunded or never taken.',
  Type.Object({ sale: Sale, reason: FailureReason, failedAt: TimestampMs }, { additionalProperties: false })
)
