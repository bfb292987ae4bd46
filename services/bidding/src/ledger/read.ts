import type { Standing, Terms } from '../domain/auction.ts'
import type { LedgerDocument } from './entry.ts'
import type { Seal } from './seal.ts'
import type { PublicEntry, PublicStanding, PublicTerms, Secrets } from './form.ts'

/** From stored entries back to what the domain decides on. Pure; the verifier uses it on served entries. */

export const entryOf = (document: LedgerDocument): PublicEntry => JSON.parse(document.text) as PublicEntry
export const secretsOf = (document: LedgerDocument): Secrets => JSON.parse(document.secrets) as Secrets

/** What was bid in an entry, in order. */
export const amountsOf = (document: LedgerDocument, seal: Seal | null): number[] =>
  document.hidden === undefined
    ? secretsOf(document).amountsMinor
    : (seal?.show(document._id.seq, document.hidden) ?? [])

export function termsOf(auctionId: string, terms: PublicTerms, reservePriceMinor: number | null): Terms {
  const { bidderKeyHash: _bidderKeyHash, sealKeyHash: _sealKeyHash, buyNowPriceMinor = null, ...shared } = terms
  return { ...shared, auctionId, reservePriceMinor, buyNowPriceMinor }
}

/** The leader is given apart: a user id in the service, the pseudonym in the verifier. */
export function standingOf(standing: PublicStanding, leader: string | null, secrets: Secrets): Standing {
  return {
    priceMinor: standing.priceMinor,
    leader,
    maximumMinor: secrets.maximumMinor,
    secondMinor: secrets.secondMinor,
    bidCount: standing.bidCount,
    quantityLeft: standing.quantityLeft,
    saleCount: standing.saleCount,
    endsAt: standing.endsAt,
    closed: standing.closed
  }
}
