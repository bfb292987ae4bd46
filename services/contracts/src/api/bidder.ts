import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Currency, Id, Minor, page, PageQuery, TimestampMs } from '../primitives.ts'
import { Auction, AuctionParams } from './bidding.ts'

/** What a bidder has of his own: a watch list, what he bid on, and credit. */

export const watchAuction = defineOperation({
  id: 'watchAuction',
  method: 'PUT',
  path: '/api/auctions/:auctionId/watch',
  role: 'user',
  summary:
    'Puts an auction on your watch list: you are told when it ends soon or is cancelled. Watching it twice is watching it once.',
  params: AuctionParams,
  responses: { 204: null },
  errors: ['AUCTION_NOT_FOUND', 'WATCHES_LIMIT'],
  idempotent: true
})

export const unwatchAuction = defineOperation({
  id: 'unwatchAuction',
  method: 'DELETE',
  path: '/api/auctions/:auctionId/watch',
  role: 'user',
  summary: 'Takes an auction off your watch list. What is not on it stays off it.',
  params: AuctionParams,
  responses: { 204: null },
  errors: [],
  idempotent: true
})

export const listMyWatches = defineOperation({
  id: 'listMyWatches',
  method: 'GET',
  path: '/api/watches',
  role: 'user',
  summary: 'Your watch list, newest first; at most 500.',
  responses: {
    200: page(Type.Object({ watchedAt: TimestampMs, auction: Auction }, { additionalProperties: false }))
  },
  errors: []
})

/** How a bidder stands in an auction or sale. */
export const BidderStanding = Type.Union([
  /** Open: he leads. */
  Type.Literal('leading'),
  /** Open: another leads, or no bid of his was taken. */
  Type.Literal('outbid'),
  /** Open, of sealed bids: nobody knows before the close. */
  Type.Literal('hidden'),
  Type.Literal('won'),
  /** Closed, and it did not go to him: to another, or to nobody. */
  Type.Literal('lost'),
  /** Fixed price: a bid of his was a sale. */
  Type.Literal('bought'),
  /** Fixed price: none was. */
  Type.Literal('missed')
])
export type BidderStanding = Static<typeof BidderStanding>

export const BidderPart = Type.Object(
  {
    /** The bidder as the auction’s ledger names him: another in each. */
    bidder: Type.String({ maxLength: 64 }),
    /** When his first bid was decided. */
    joinedAt: TimestampMs,
    standing: BidderStanding,
    auction: Auction
  },
  { additionalProperties: false }
)
export type BidderPart = Static<typeof BidderPart>

export const listMyBids = defineOperation({
  id: 'listMyBids',
  method: 'GET',
  path: '/api/bids',
  role: 'bidder',
  summary:
    'The auctions and sales you bid on, from wherever you did, those joined last first, and how you stand in each. One is listed a moment after its first receipt.',
  query: Type.Object({ ...PageQuery, auctionId: Type.Optional(Id) }, { additionalProperties: false }),
  responses: { 200: page(BidderPart) },
  errors: []
})

export const CreditAccount = Type.Object(
  {
    currency: Currency,
    /** Null: none. */
    limitMinor: Type.Union([Minor, Type.Null()]),
    /** What your leading, sealed and pending bids and your unpaid purchases come to. Counted only where there is a limit. */
    heldMinor: Type.Integer({ minimum: 0 })
  },
  { additionalProperties: false }
)
export type CreditAccount = Static<typeof CreditAccount>

export const readMyCredit = defineOperation({
  id: 'readMyCredit',
  method: 'GET',
  path: '/api/credit',
  role: 'bidder',
  summary: 'Your credit limit in each currency you have one in, and how much of it is held.',
  responses: { 200: page(CreditAccount) },
  errors: []
})

export const CreditLimit = Type.Object(
  { userId: Id, currency: Currency, limitMinor: Type.Union([Minor, Type.Null()]) },
  { additionalProperties: false }
)
export type CreditLimit = Static<typeof CreditLimit>

export const setCreditLimit = defineOperation({
  id: 'setCreditLimit',
  method: 'PUT',
  path: '/api/bidders/:userId/credit/:currency',
  role: 'admin',
  summary:
    'Sets how much a bidder may hold in a currency, over all auctions; null is no limit. Counts what is bid from then on.',
  params: Type.Object({ userId: Id, currency: Currency }, { additionalProperties: false }),
  body: Type.Object({ limitMinor: Type.Union([Minor, Type.Null()]) }, { additionalProperties: false }),
  responses: { 200: CreditLimit },
  errors: [],
  idempotent: true
})
