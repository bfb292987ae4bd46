import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { AuctionMode } from '../events/bidding.ts'
import {
  Count,
  Currency,
  Hash,
  Id,
  Line,
  Minor,
  OrderNumber,
  page,
  PageQuery,
  PositiveMinor,
  Quantity,
  TimestampMs
} from '../primitives.ts'

/** Rows rise by `fromMinor` and the first is 0: at a price of `fromMinor` and above, the next bid must add `incrementMinor`. */
export const IncrementTable = Type.Array(
  Type.Object({ fromMinor: Minor, incrementMinor: PositiveMinor }, { additionalProperties: false }),
  { minItems: 1, maxItems: 50 }
)
export const IncrementPreset = Type.Union([Type.Literal('standard'), Type.Literal('ebay-2003')])

export const AuctionStatus = Type.Union([Type.Literal('scheduled'), Type.Literal('open'), Type.Literal('closed')])

export const AuctionOutcome = Type.Union([
  Type.Literal('sold'),
  Type.Literal('no-bids'),
  Type.Literal('reserve-not-met'),
  Type.Literal('cancelled')
])

export const Auction = Type.Object(
  {
    auctionId: Id,
    productId: Id,
    title: Type.String({ minLength: 1, maxLength: 200 }),
    mode: AuctionMode,
    status: AuctionStatus,
    currency: Currency,
    openingPriceMinor: PositiveMinor,
    /** What the leader would pay now; 0 before the first bid, and of sealed bids until the close. The price of a fixed-price sale. */
    priceMinor: Minor,
    /** The least a new bidder must bid. */
    priceToBeatMinor: PositiveMinor,
    /** English: a bid of this much or more ends the auction at once, at this price. Absent where there is none. */
    buyNowPriceMinor: Type.Optional(PositiveMinor),
    /** A per-auction pseudonym, the same in the ledger; null before the first bid, and of sealed bids until the close. */
    leader: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
    /** Of sealed bids with a reserve: false until the close. */
    reserveMet: Type.Boolean(),
    bidCount: Minor,
    quantity: Quantity,
    quantityLeft: Minor,
    startsAt: TimestampMs,
    endsAt: TimestampMs,
    /** Bids inside the last `antiSnipingWindowMs` move the end to a full window later. 0: never. */
    antiSnipingWindowMs: Minor,
    increments: IncrementTable,
    /** Present once it is closed. */
    outcome: Type.Optional(AuctionOutcome),
    /** Why it was cancelled. */
    cancelReason: Type.Optional(Type.String({ maxLength: 500 })),
    /** How many users watch it. Absent from the answers to an admin who ends or extends it. */
    watchers: Type.Optional(Count),
    /** The newest ledger entry, and its hash. */
    sequence: Type.Integer({ minimum: 0 }),
    hash: Hash
  },
  { additionalProperties: false }
)
export type Auction = Static<typeof Auction>

export const AuctionParams = Type.Object({ auctionId: Id }, { additionalProperties: false })

export const openAuction = defineOperation({
  id: 'openAuction',
  method: 'POST',
  path: '/api/auctions',
  role: 'admin',
  summary:
    'Opens an English auction with proxy bidding, an auction of sealed bids, or a fixed-price (flash) sale of limited quantity. A chosen auctionId makes a repeat harmless.',
  body: Type.Object(
    {
      auctionId: Type.Optional(Id),
      productId: Id,
      title: Line(200),
      mode: AuctionMode,
      currency: Currency,
      openingPriceMinor: PositiveMinor,
      /** Below this nothing is sold. Secret until met. */
      reservePriceMinor: Type.Optional(PositiveMinor),
      /** English: the first bid that reaches this ends the auction at this price. Above the opening price, not below the reserve. */
      buyNowPriceMinor: Type.Optional(PositiveMinor),
      increments: Type.Optional(Type.Union([IncrementPreset, IncrementTable])),
      quantity: Type.Optional(Quantity),
      /** Pieces one buyer may take of a fixed-price sale. */
      quantityPerBuyer: Type.Optional(Quantity),
      startsAt: Type.Optional(TimestampMs),
      endsAt: TimestampMs,
      antiSnipingWindowMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600_000 })),
      /** Offer the product to the next-best bidder when the winner does not pay. */
      secondChance: Type.Optional(Type.Boolean())
    },
    { additionalProperties: false }
  ),
  responses: { 201: Auction },
  subject: 'auctionId',
  errors: [
    'AUCTION_EXISTS',
    'AUCTION_WINDOW_INVALID',
    'INCREMENTS_INVALID',
    'BUY_NOW_INVALID',
    'SEALED_BIDS_UNAVAILABLE'
  ]
})

export const listAuctions = defineOperation({
  id: 'listAuctions',
  method: 'GET',
  path: '/api/auctions',
  role: 'public',
  summary: 'Lists auctions, those ending soonest first.',
  query: Type.Object({ ...PageQuery, status: Type.Optional(AuctionStatus) }, { additionalProperties: false }),
  responses: { 200: page(Auction) },
  errors: []
})

export const readAuction = defineOperation({
  id: 'readAuction',
  method: 'GET',
  path: '/api/auctions/:auctionId',
  role: 'public',
  summary: 'One auction as its ledger has it now.',
  params: AuctionParams,
  responses: { 200: Auction },
  errors: ['AUCTION_NOT_FOUND']
})

/** `bidId` is the bidder's own: sending the same bid again returns the same receipt and changes nothing. */
export const BidRequest = Type.Object(
  {
    bidId: Id,
    /**
     * English: the bidder's maximum (proxy bidding). Sealed: the bid, hidden until the close; it takes the place of the
     * bidder's earlier one, be it higher or lower. Fixed price: at least the price of one piece, which is what is paid.
     */
    amountMinor: PositiveMinor,
    currency: Type.Optional(Currency),
    quantity: Type.Optional(Quantity)
  },
  { additionalProperties: false }
)
export type BidRequest = Static<typeof BidRequest>

/** Proof of a decision: it names the ledger entry that holds it. Accepted and refused bids both get one. */
export const BidReceipt = Type.Object(
  {
    bidId: Id,
    auctionId: Id,
    sequence: Type.Integer({ minimum: 0 }),
    /** Position among the entry's bids. */
    index: Type.Integer({ minimum: 0 }),
    outcome: Type.Union([Type.Literal('accepted'), Type.Literal('refused')]),
    /** A code of the error list; present on a refusal. */
    code: Type.Optional(Type.String({ maxLength: 40 })),
    /** Whether this bidder led right after this bid. */
    leading: Type.Boolean(),
    priceMinor: Minor,
    priceToBeatMinor: PositiveMinor,
    quantity: Quantity,
    /** Present where the bid was a sale at once (fixed price). */
    orderNumber: Type.Optional(OrderNumber),
    /**
     * A sealed bid: the ledger shows `commitment`, the SHA-256 of the canonical JSON of
     * `{amountMinor, auctionId, bidId, bidder, nonce, quantity}` with the bidder's pseudonym. Keep it: it proves what you bid.
     */
    seal: Type.Optional(
      Type.Object(
        { bidder: Type.String({ maxLength: 64 }), nonce: Type.String({ maxLength: 64 }), commitment: Hash },
        { additionalProperties: false }
      )
    ),
    endsAt: TimestampMs,
    decidedAt: TimestampMs,
    hash: Hash
  },
  { additionalProperties: false }
)
export type BidReceipt = Static<typeof BidReceipt>

export const placeBid = defineOperation({
  id: 'placeBid',
  method: 'POST',
  path: '/api/auctions/:auctionId/bids',
  role: 'bidder',
  summary:
    'Places a bid. 201 with a receipt once the decision is durable. A refused bid answers a problem document whose `receipt` member is the receipt of the refusal.',
  params: AuctionParams,
  body: BidRequest,
  responses: { 201: BidReceipt },
  errors: [
    'AUCTION_NOT_FOUND',
    'AUCTION_NOT_OPEN',
    'AUCTION_CLOSED',
    'BID_TOO_LOW',
    'BID_NOT_RAISED',
    'BID_ID_REUSED',
    'CURRENCY_MISMATCH',
    'SOLD_OUT',
    'QUANTITY_NOT_AVAILABLE',
    'QUANTITY_LIMIT',
    'CREDIT_LIMIT_EXCEEDED'
  ],
  idempotent: true
})

export const readBid = defineOperation({
  id: 'readBid',
  method: 'GET',
  path: '/api/auctions/:auctionId/bids/:bidId',
  role: 'bidder',
  summary: 'The receipt of one of your bids.',
  params: Type.Object({ auctionId: Id, bidId: Id }, { additionalProperties: false }),
  responses: { 200: BidReceipt },
  errors: ['AUCTION_NOT_FOUND', 'BID_NOT_FOUND']
})

export const closeAuction = defineOperation({
  id: 'closeAuction',
  method: 'POST',
  path: '/api/auctions/:auctionId/close',
  role: 'admin',
  summary: 'Closes an auction now instead of at its end. Closing a closed auction changes nothing.',
  params: AuctionParams,
  responses: { 200: Auction },
  errors: ['AUCTION_NOT_FOUND']
})

export const cancelAuction = defineOperation({
  id: 'cancelAuction',
  method: 'POST',
  path: '/api/auctions/:auctionId/cancel',
  role: 'admin',
  summary:
    'Ends an auction without a sale; its bidders and watchers are told why. Cancelling a cancelled auction changes nothing.',
  params: AuctionParams,
  body: Type.Object({ reason: Line(500) }, { additionalProperties: false }),
  responses: { 200: Auction },
  errors: ['AUCTION_NOT_FOUND', 'AUCTION_CLOSED']
})

export const extendAuction = defineOperation({
  id: 'extendAuction',
  method: 'POST',
  path: '/api/auctions/:auctionId/extend',
  role: 'admin',
  summary: 'Moves the end of an auction to later. Extending it to the end it has changes nothing.',
  params: AuctionParams,
  body: Type.Object({ endsAt: TimestampMs }, { additionalProperties: false }),
  responses: { 200: Auction },
  errors: ['AUCTION_NOT_FOUND', 'AUCTION_CLOSED', 'AUCTION_END_NOT_LATER']
})

/**
 * One public ledger entry. `hash` is the SHA-256 of the entry's canonical JSON (RFC 8785) without `hash` and `opening`.
 * Maxima and the reserve are bound by `commitment` while the auction runs and laid open in `opening` after it closed.
 * Each sealed bid is bound by a `commitment` of its own, laid open in `unsealed` unless the auction was cancelled.
 */
export const LedgerEntry = Type.Object({}, { additionalProperties: true })

export const readLedger = defineOperation({
  id: 'readLedger',
  method: 'GET',
  path: '/api/auctions/:auctionId/ledger',
  role: 'public',
  summary: 'The hash chain of an auction: every decision, accepted or refused, in order. Anyone can verify it.',
  params: AuctionParams,
  query: Type.Object(
    {
      from: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 }))
    },
    { additionalProperties: false }
  ),
  responses: {
    200: Type.Object(
      { entries: Type.Array(LedgerEntry), nextFrom: Type.Optional(Type.Integer({ minimum: 1 })) },
      { additionalProperties: false }
    )
  },
  errors: ['AUCTION_NOT_FOUND']
})

export const Offer = Type.Object(
  {
    offerId: Id,
    auctionId: Id,
    productId: Id,
    title: Type.String({ minLength: 1, maxLength: 200 }),
    priceMinor: PositiveMinor,
    currency: Currency,
    status: Type.Union([Type.Literal('open'), Type.Literal('accepted'), Type.Literal('expired')]),
    expiresAt: TimestampMs,
    orderNumber: Type.Optional(OrderNumber)
  },
  { additionalProperties: false }
)
export type Offer = Static<typeof Offer>

export const listMyOffers = defineOperation({
  id: 'listMyOffers',
  method: 'GET',
  path: '/api/offers',
  role: 'bidder',
  summary: 'Second chances: products of auctions whose winner did not pay, offered to you.',
  responses: { 200: page(Offer) },
  errors: []
})

export const acceptOffer = defineOperation({
  id: 'acceptOffer',
  method: 'POST',
  path: '/api/offers/:offerId/accept',
  role: 'bidder',
  summary: 'Takes an offer; the sale starts at once. Accepting an accepted offer returns it.',
  params: Type.Object({ offerId: Id }, { additionalProperties: false }),
  responses: { 200: Offer },
  errors: ['OFFER_NOT_FOUND', 'OFFER_EXPIRED', 'CREDIT_LIMIT_EXCEEDED']
})
