import type { Terms } from '../domain/auction.ts'
import { SealedBids } from '../domain/sealed.ts'
import type { Seal } from '../ledger/seal.ts'
import { userOfKey, type LedgerDocument } from '../ledger/entry.ts'
import { amountsOf, entryOf } from '../ledger/read.ts'
import { receiptOf } from '../ledger/receipt.ts'
import type { DecidedBid } from './recent-bids.ts'

/** The bids of stored entries by their keys. */
export function decidedIn(terms: Terms, documents: LedgerDocument[], seal: Seal | null): Map<string, DecidedBid> {
  const decided = new Map<string, DecidedBid>()
  for (const document of documents) {
    const entry = entryOf(document)
    const amountsMinor = amountsOf(document, seal)
    document.keys?.forEach((key, index) => {
      const receipt = receiptOf(terms, entry, document.hash, index, seal)
      decided.set(key, { receipt, amountMinor: amountsMinor[index] ?? 0, quantity: receipt.quantity })
    })
  }
  return decided
}

/** What each buyer took in one entry. */
export function eachPurchase(document: LedgerDocument, bought: (userId: string, quantity: number) => void): void {
  if (!document.keys) return
  entryOf(document).bids?.forEach((bid, index) => {
    const key = document.keys?.[index]
    if (bid.code === undefined && key !== undefined) bought(userOfKey(key), bid.quantity)
  })
}

/** Lays the sealed bids of a whole ledger open, for the close. `traces` gets each bidder's last trace that is sampled. */
export async function sealedBidsIn(
  documents: AsyncIterable<LedgerDocument>,
  seal: Seal,
  traces = new Map<string, string>()
): Promise<SealedBids> {
  const sealed = new SealedBids()
  for await (const document of documents) {
    if (!document.keys) continue
    const amountsMinor = amountsOf(document, seal)
    for (const { index, traceparent } of document.bidTraces ?? []) {
      const key = document.keys[index]
      if (key !== undefined) traces.set(userOfKey(key), traceparent)
    }
    entryOf(document).bids?.forEach((bid, index) => {
      const key = document.keys?.[index]
      const amountMinor = amountsMinor[index]
      if (bid.code === undefined && key !== undefined && amountMinor !== undefined)
        sealed.add(userOfKey(key), amountMinor)
    })
  }
  return sealed
}
