import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Currency, Id, Minor, page, TimestampMs } from '../primitives.ts'
import { Auction, AuctionParams } from './bidding.ts'

/** What a bidder has beside his bids: a watch list, and credit. */

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
