import { Type, type TSchema } from 'typebox'
import { defineEvent } from '../define.ts'
import { Currency, Hash, Id, Minor, PositiveMinor, Quantity, TimestampMs } from '../primitives.ts'

export const AuctionMode = Type.Union([
  Type.Literal('english'),
  Type.Literal('fixed-price'),
  /** Amounts are hidden until the close. The highest bidder pays what he bid. */
  Type.Literal('sealed-first-price'),
  /** Amounts are hidden until the close. The highest bidder pays what the second-highest bid (Vickrey). */
  Type.Literal('sealed-second-price')
])

const openedTerms = <const Mode extends TSchema>(mode: Mode) => ({
  auctionId: Id,
  productId: Id,
  title: Type.String({ minLength: 1, maxLength: 200 }),
  mode,
  currency: Currency,
  /** Opening bid of an auction, price of a fixed-price sale. */
  openingPriceMinor: PositiveMinor,
  quantity: Quantity,
  startsAt: TimestampMs,
  endsAt: TimestampMs
})

/** Published for every auction that it can tell of, so that readers who know no later version miss none of those. */
export const AuctionOpenedV1 = defineEvent(
  'AuctionOpened',
  1,
  'An English auction without buy-now or a fixed-price sale was created; bids are taken from startsAt to endsAt.',
  Type.Object(openedTerms(Type.Union([Type.Literal('english'), Type.Literal('fixed-price')])), {
    additionalProperties: false
  })
)

/** Version 1 is one of these: whoever reads this shape reads both. */
export const AuctionOpened = defineEvent(
  'AuctionOpened',
  2,
  'An auction of any mode was created; bids are taken from startsAt to endsAt. Emitted where version 1 cannot tell of it.',
  Type.Object(
    {
      ...openedTerms(AuctionMode),
      /** English: the first bid that reaches this ends the auction at this price. */
      buyNowPriceMinor: Type.Optional(PositiveMinor)
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

export const AuctionCancelled = defineEvent(
  'AuctionCancelled',
  1,
  'An admin ended an auction without a sale; nothing follows in its ledger. Sales that a fixed-price sale had made before stay.',
  Type.Object(
    {
      auctionId: Id,
      productId: Id,
      title: Type.String({ minLength: 1, maxLength: 200 }),
      sequence: Type.Integer({ minimum: 0 }),
      reason: Type.String({ minLength: 1, maxLength: 500 }),
      changedBy: Id,
      bidCount: Minor,
      cancelledAt: TimestampMs,
      hash: Hash
    },
    { additionalProperties: false }
  )
)

export const AuctionExtended = defineEvent(
  'AuctionExtended',
  1,
  'An admin moved the end of an auction to later. Ends that bids move on are told by BidsDecided.',
  Type.Object(
    {
      auctionId: Id,
      sequence: Type.Integer({ minimum: 0 }),
      endsAt: TimestampMs,
      changedBy: Id,
      extendedAt: TimestampMs,
      hash: Hash
    },
    { additionalProperties: false }
  )
)

export const CrowdTold = defineEvent(
  'CrowdTold',
  1,
  'Something about an auction that those who bid on it or watch it are to be told. A large crowd is told in several of these.',
  Type.Object(
    {
      auctionId: Id,
      title: Type.String({ minLength: 1, maxLength: 200 }),
      what: Type.Union([Type.Literal('cancelled'), Type.Literal('ending-soon')]),
      userIds: Type.Array(Id, { minItems: 1, maxItems: 1000 }),
      /** Cancelled: why. */
      reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
      endsAt: TimestampMs
    },
    { additionalProperties: false }
  )
)

export const EndTold = defineEvent(
  'EndTold',
  1,
  'How an auction ended, for those who bid on it or watch it; its winner is told by AuctionClosed. A large crowd is told in several of these.',
  Type.Object(
    {
      auctionId: Id,
      title: Type.String({ minLength: 1, maxLength: 200 }),
      outcome: Type.Union([Type.Literal('sold'), Type.Literal('no-bids'), Type.Literal('reserve-not-met')]),
      /** What it was sold for; otherwise where the bids stood. */
      priceMinor: Minor,
      currency: Currency,
      userIds: Type.Array(Id, { minItems: 1, maxItems: 1000 })
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
