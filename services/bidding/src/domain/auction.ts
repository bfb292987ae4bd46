import type { ErrorCode } from '@gavel/contracts/errors.ts'
import type { Increments } from './increments.ts'

export type AuctionMode = 'english' | 'fixed-price' | 'sealed-first-price' | 'sealed-second-price'

export const isSealed = (mode: AuctionMode): boolean => mode === 'sealed-first-price' || mode === 'sealed-second-price'

/** All pieces go to one buyer; otherwise each accepted bid buys its own. */
export const isOneLot = (mode: AuctionMode): boolean => mode !== 'fixed-price'

/** What an auction was opened with. It never changes; the standing does. */
export interface Terms {
  auctionId: string
  productId: string
  title: string
  mode: AuctionMode
  currency: string
  /** The least (first) bid of an auction, the price of one piece of a fixed-price sale. */
  openingPriceMinor: number
  reservePriceMinor: number | null
  /** English: the first bid that reaches it ends the auction at this price, so no maximum of an open auction reaches it. */
  buyNowPriceMinor: number | null
  increments: Increments
  /** Auctions: the pieces of the lot, bid for as one, priced each. Fixed price: the pieces to be had. */
  quantity: number
  quantityPerBuyer: number | null
  startsAt: number
  endsAt: number
  antiSnipingWindowMs: number
  secondChance: boolean
}

/** Everything the next decision needs besides the terms. Bidders are opaque: user ids here, pseudonyms in the verifier. */
export interface Standing {
  /** What the leader would pay now; 0 before the first bid. The price of a fixed-price sale. Sealed bids move nothing but the count before the close. */
  priceMinor: number
  leader: string | null
  /** The leader's maximum; 0 before the first bid. */
  maximumMinor: number
  /** The highest maximum of anybody else; 0 while there is one bidder. */
  secondMinor: number
  /** Accepted bids. */
  bidCount: number
  quantityLeft: number
  /** Sales confirmed so far: the last order number's `n`. */
  saleCount: number
  endsAt: number
  closed: boolean
}

export interface Bid {
  bidder: string
  amountMinor: number
  quantity: number
}

/** What became of one bid, with the standing right after it. */
export interface Outcome {
  /** Why it was refused; null when accepted. */
  code: ErrorCode | null
  /** Whether this bidder leads right after this bid (fixed price: whether it was a sale). */
  leading: boolean
  priceMinor: number
  endsAt: number
  /** `n` of `<auctionId>.<n>` where the bid was a sale at once; 0 otherwise. */
  sale: number
}

export interface Decision {
  outcomes: Outcome[]
  standing: Standing
  /** Bidders who led before or during this decision and no longer do. */
  outbid: string[]
}

export type CloseOutcome = 'sold' | 'no-bids' | 'reserve-not-met' | 'cancelled'

export interface Closing {
  outcome: CloseOutcome
  winner: string | null
  priceMinor: number
  /** `n` of the order number the close brings about; 0 when it brings none. */
  sale: number
  standing: Standing
}

/** Pieces that a bidder has taken of a fixed-price sale before this decision. */
export type Purchases = (bidder: string) => number

export const standingAtOpening = (terms: Terms): Standing => ({
  priceMinor: terms.mode === 'fixed-price' ? terms.openingPriceMinor : 0,
  leader: null,
  maximumMinor: 0,
  secondMinor: 0,
  bidCount: 0,
  quantityLeft: terms.quantity,
  saleCount: 0,
  endsAt: terms.endsAt,
  closed: false
})

export const reserveIsMet = (terms: Terms, standing: Standing): boolean =>
  terms.reservePriceMinor === null || standing.maximumMinor >= terms.reservePriceMinor

export type AuctionStatus = 'scheduled' | 'open' | 'closed'

export const statusAt = (terms: Terms, standing: Standing, now: number): AuctionStatus =>
  standing.closed ? 'closed' : now < terms.startsAt ? 'scheduled' : 'open'

export const orderNumberOf = (auctionId: string, sale: number): string => `${auctionId}.${sale}`
