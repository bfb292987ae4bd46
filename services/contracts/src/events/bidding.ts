import { Type } from 'typebox'
import { defineEvent } from '../define.ts'
import { Currency, Hash, Id, Minor, PositiveMinor, Quantity, TimestampMs } from '../primitives.ts'

export const AuctionMode = Type.Union([Type.Literal('english'), Type.Literal('fixed-price')])

export const AuctionOpened = defineEvent(
  'AuctionOpened',
  1,
  'An auction or a fixed-price sale was created; bids are taken from startsAt to endsAt.',
  Type.Object(
    {
      auctionId: Id,
      productId: Id,
      title: Type.String({ minLength: 1, maxLength: 200 }),
      mode: AuctionMode,
      currency: Currency,
      /** Opening bid of an auction, price of a fixed-price sale. */
      openingPriceMinor: PositiveMinor,
      quantity: Quantity,
      startsAt: TimestampMs,
      endsAt: TimestampMs
    },
    { additionalProperties: false }
  )
)

/** Who leads at what price. Maxima stay secret while the auction is open. */
const Standing = Type.Object(
  {
    priceMinor: Minor,
    priceToBeatMinor: PositiveMinor,
    leaderUserId: Type.Union([Id, Type.Null()]),
    /** The leader as the public ledger names him. Public streams show this and never a user id. */
    leader: Type.Optional(Type.Union([Type.String({ maxLength: 64 }), Type.Null()])),
    reserveMet: Type.Boolean(),
    bidCount: Minor,
    quantityLeft: Minor,
    endsAt: TimestampMs
  },
  { additionalProperties: false }
)

export const BidsDecided = defineEvent(
  'BidsDecided',
  1,
  'One entry of an auction’s ledger: the bids decided together, in order, and the standing after them. `sequence` has no gaps.',
  Type.Object(
    {
      auctionId: Id,
      sequence: Type.Integer({ minimum: 0 }),
      decidedAt: TimestampMs,
      bids: Type.Array(
        Type.Object(
          {
            bidId: Id,
            userId: Id,
            /** The bidder as the public ledger names him. */
            bidder: Type.Optional(Type.String({ maxLength: 64 })),
            outcome: Type.Union([Type.Literal('accepted'), Type.Literal('refused')]),
            /** A code of errors.ts; present on a refusal. */
            code: Type.Optional(Type.String({ maxLength: 40 })),
            /** The public price right after this bid. */
            priceMinor: Minor,
            quantity: Quantity
          },
          { additionalProperties: false }
        ),
        { maxItems: 2000 }
      ),
      /** Users who led before this entry and no longer do. */
      outbidUserIds: Type.Array(Id, { maxItems: 2000 }),
      standing: Standing,
      hash: Hash
    },
    { additionalProperties: false }
  )
)

export const AuctionClosed = defineEvent(
  'AuctionClosed',
  1,
  'An auction took its last bid. With a winner, SaleConfirmed follows; `sequence` is the closing entry of the ledger.',
  Type.Object(
    {
      auctionId: Id,
      productId: Id,
      title: Type.String({ minLength: 1, maxLength: 200 }),
      sequence: Type.Integer({ minimum: 0 }),
      outcome: Type.Union([Type.Literal('sold'), Type.Literal('no-bids'), Type.Literal('reserve-not-met')]),
      winnerUserId: Type.Union([Id, Type.Null()]),
      /** The winner as the public ledger names him. */
      winner: Type.Optional(Type.Union([Type.String({ maxLength: 64 }), Type.Null()])),
      priceMinor: Minor,
      currency: Currency,
      bidCount: Minor,
      closedAt: TimestampMs,
      hash: Hash
    },
    { additionalProperties: false }
  )
)

export const OfferMade = defineEvent(
  'OfferMade',
  1,
  'The winner of an auction did not pay; the next-best bidder may take the product for what they bid until expiresAt.',
  Type.Object(
    {
      offerId: Id,
      auctionId: Id,
      productId: Id,
      title: Type.String({ minLength: 1, maxLength: 200 }),
      userId: Id,
      priceMinor: PositiveMinor,
      currency: Currency,
      expiresAt: TimestampMs
    },
    { additionalProperties: false }
  )
)
