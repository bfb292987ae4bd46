import type { LedgerDocument } from './entry.ts'
import type { PublicBid, ServedEntry, Unsealed } from './form.ts'
import { isSealed, type Terms } from '../domain/auction.ts'
import { amountsOf, entryOf, secretsOf } from './read.ts'
import type { Seal } from './seal.ts'

/** Whether a ledger with this last entry shows what was secret. Sealed bids of a cancelled auction decide nothing any more, so nobody is to learn them. */
export function isLaidOpen(terms: Terms, last: LedgerDocument): boolean {
  const { closing } = entryOf(last)
  return closing !== undefined && (closing.outcome !== 'cancelled' || !isSealed(terms.mode))
}

/** A stored entry as everybody may see it. */
export function servedEntry(document: LedgerDocument, laidOpen: boolean, seal: Seal | null): ServedEntry {
  const entry: ServedEntry = { ...entryOf(document), hash: document.hash }
  if (!laidOpen) return entry
  return {
    ...entry,
    opening: secretsOf(document),
    ...(seal && entry.bids && { unsealed: unsealedOf(document, entry.bids, seal) })
  }
}

function unsealedOf(document: LedgerDocument, bids: readonly PublicBid[], seal: Seal): Unsealed[] {
  const amountsMinor = amountsOf(document, seal)
  return bids.map((bid, index) => ({ amountMinor: amountsMinor[index] ?? 0, nonce: seal.nonceOf(bid) }))
}
