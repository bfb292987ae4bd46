import type { Auction } from '@gavel/contracts/api/bidding.ts'
import type { Standing, Terms } from '../domain/auction.ts'
import { reserveIsMet, statusAt } from '../domain/auction.ts'
import type { LedgerDocument } from '../ledger/entry.ts'
import type { PublicClosing } from '../ledger/form.ts'
import { entryOf, secretsOf, standingOf } from '../ledger/read.ts'
import { priceToBeatAt } from '../ledger/receipt.ts'

/** An auction as anybody may see it. */
export const auctionView = (
  terms: Terms,
  standing: Standing,
  leader: string | null,
  tail: { sequence: number; hash: string; closing?: PublicClosing | undefined },
  now: number
): Auction => ({
  auctionId: terms.auctionId,
  productId: terms.productId,
  title: terms.title,
  mode: terms.mode,
  status: statusAt(terms, standing, now),
  currency: terms.currency,
  openingPriceMinor: terms.openingPriceMinor,
  priceMinor: standing.priceMinor,
  priceToBeatMinor: priceToBeatAt(terms, standing.priceMinor),
  ...(terms.buyNowPriceMinor !== null && { buyNowPriceMinor: terms.buyNowPriceMinor }),
  leader,
  reserveMet: reserveIsMet(terms, standing),
  bidCount: standing.bidCount,
  quantity: terms.quantity,
  quantityLeft: standing.quantityLeft,
  startsAt: terms.startsAt,
  endsAt: standing.endsAt,
  antiSnipingWindowMs: terms.antiSnipingWindowMs,
  increments: terms.increments.map((row) => ({ ...row })),
  ...(tail.closing && { outcome: tail.closing.outcome }),
  ...(tail.closing?.reason !== undefined && { cancelReason: tail.closing.reason }),
  sequence: tail.sequence,
  hash: tail.hash
})

/** The same from a stored entry, which holds the leader's pseudonym itself. */
export function viewOfEntry(terms: Terms, document: LedgerDocument, now: number): Auction {
  const entry = entryOf(document)
  const standing = standingOf(entry.standing, document.leader, secretsOf(document))
  const { sequence, closing } = entry
  return auctionView(terms, standing, entry.standing.leader, { sequence, hash: document.hash, closing }, now)
}
