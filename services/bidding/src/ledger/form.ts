import type { AuctionMode, Bid, CloseOutcome, Closing, Outcome, Standing, Terms } from '../domain/auction.ts'
import { reserveIsMet } from '../domain/auction.ts'
import type { IncrementRow } from '../domain/increments.ts'

/**
 * The public form of a ledger entry: what is hashed, served and verified. Bidders are pseudonyms. It is written with the
 * members of every object in alphabetical order, so that JSON.stringify yields canonical JSON at native speed;
 * a test compares it with the plain canonicalization.
 */
export interface PublicBid {
  bidId: string
  bidder: string
  /** Why it was refused; absent when accepted. */
  code?: string
  /** A sealed bid: SHA-256 of {@link commitmentText}. */
  commitment?: string
  /** The end right after this bid, where later bids of the same entry moved it on. */
  endsAt?: number
  leading: boolean
  priceMinor: number
  quantity: number
  /** Fixed price: `n` of the order number `<auctionId>.<n>`. */
  sale?: number
}

export interface PublicStanding {
  bidCount: number
  closed: boolean
  endsAt: number
  leader: string | null
  priceMinor: number
  quantityLeft: number
  reserveMet: boolean
  saleCount: number
}

export interface PublicTerms {
  antiSnipingWindowMs: number
  /** SHA-256 of the key that makes pseudonyms of user ids: binds who is who without telling. */
  bidderKeyHash: string
  buyNowPriceMinor?: number
  currency: string
  endsAt: number
  increments: readonly IncrementRow[]
  mode: AuctionMode
  openingPriceMinor: number
  productId: string
  quantity: number
  quantityPerBuyer: number | null
  /** Sealed bids: SHA-256 of the key that the nonces of all commitments are made with; the close lays it open. */
  sealKeyHash?: string
  secondChance: boolean
  startsAt: number
  title: string
}

export interface PublicClosing {
  outcome: CloseOutcome
  priceMinor: number
  /** Why it was cancelled. */
  reason?: string
  /** `n` of the order number of the sale; 0 when the close sells nothing. */
  sale: number
  /** Sealed bids that were laid open: what `sealKeyHash` is the hash of. A cancelled auction's stay sealed. */
  sealKey?: string
  winner: string | null
}

export interface PublicEntry {
  at: number
  auctionId: string
  bids?: PublicBid[]
  closing?: PublicClosing
  /** SHA-256 of the canonical JSON of {@link Secrets}. */
  commitment: string
  /** An admin moved the end to later. */
  extension?: { endsAt: number }
  prevHash: string
  sequence: number
  standing: PublicStanding
  terms?: PublicTerms
}

/** What an open auction keeps to itself, bound by `commitment`; served as `opening` once the auction is closed. */
export interface Secrets {
  /** One for each of the entry's bids, in order; none where they are sealed, each by itself. */
  amountsMinor: number[]
  maximumMinor: number
  reservePriceMinor: number | null
  salt: string
  secondMinor: number
}

/** What a sealed bid's commitment is made of besides the row that holds it. */
export interface Unsealed {
  amountMinor: number
  nonce: string
}

export interface ServedEntry extends PublicEntry {
  hash: string
  opening?: Secrets
  /** The sealed bids of the entry laid open, in order. */
  unsealed?: Unsealed[]
}

/** Canonical JSON. The nonce keeps the few amounts that are likely from being tried out; the ids bind it to its place. */
export const commitmentText = (
  auctionId: string,
  { bidId, bidder, quantity }: Pick<PublicBid, 'bidId' | 'bidder' | 'quantity'>,
  { amountMinor, nonce }: Unsealed
): string => JSON.stringify({ amountMinor, auctionId, bidId, bidder, nonce, quantity })

export const NO_HASH = '0'.repeat(64)

/** This runs once for every bid. `endsAt` is the end after the whole entry. */
export function publicBid(
  bid: Bid & { bidId: string },
  bidder: string,
  outcome: Outcome,
  endsAt: number,
  commitment?: string
): PublicBid {
  const row = { bidId: bid.bidId, bidder } as PublicBid
  if (outcome.code !== null) row.code = outcome.code
  if (commitment !== undefined) row.commitment = commitment
  if (outcome.endsAt !== endsAt) row.endsAt = outcome.endsAt
  row.leading = outcome.leading
  row.priceMinor = outcome.priceMinor
  row.quantity = bid.quantity
  if (outcome.sale !== 0) row.sale = outcome.sale
  return row
}

export const publicStanding = (terms: Terms, standing: Standing, leader: string | null): PublicStanding => ({
  bidCount: standing.bidCount,
  closed: standing.closed,
  endsAt: standing.endsAt,
  leader,
  priceMinor: standing.priceMinor,
  quantityLeft: standing.quantityLeft,
  reserveMet: reserveIsMet(terms, standing),
  saleCount: standing.saleCount
})

export const publicTerms = (terms: Terms, bidderKeyHash: string, sealKeyHash?: string): PublicTerms => ({
  antiSnipingWindowMs: terms.antiSnipingWindowMs,
  bidderKeyHash,
  ...(terms.buyNowPriceMinor !== null && { buyNowPriceMinor: terms.buyNowPriceMinor }),
  currency: terms.currency,
  endsAt: terms.endsAt,
  increments: terms.increments.map(({ fromMinor, incrementMinor }) => ({ fromMinor, incrementMinor })),
  mode: terms.mode,
  openingPriceMinor: terms.openingPriceMinor,
  productId: terms.productId,
  quantity: terms.quantity,
  quantityPerBuyer: terms.quantityPerBuyer,
  ...(sealKeyHash !== undefined && { sealKeyHash }),
  secondChance: terms.secondChance,
  startsAt: terms.startsAt,
  title: terms.title
})

export const publicClosing = (
  closing: Closing,
  winner: string | null,
  { reason, sealKey }: { reason?: string | undefined; sealKey?: string | undefined } = {}
): PublicClosing => ({
  outcome: closing.outcome,
  priceMinor: closing.priceMinor,
  ...(reason !== undefined && { reason }),
  sale: closing.sale,
  ...(sealKey !== undefined && { sealKey }),
  winner
})
