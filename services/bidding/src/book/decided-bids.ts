import type { Terms } from '../domain/auction.ts'
import { userOfKey, type LedgerDocument } from '../ledger/entry.ts'
import { entryOf, secretsOf } from '../ledger/read.ts'
import { receiptOf } from '../ledger/receipt.ts'
import type { DecidedBid } from './recent-bids.ts'

/** The bids of stored entries by their keys. */
export function decidedIn(terms: Terms, documents: LedgerDocument[]): Map<string, DecidedBid> {
  const decided = new Map<string, DecidedBid>()
  for (const document of documents) {
    const entry = entryOf(document)
    const { amountsMinor } = secretsOf(document)
    document.keys?.forEach((key, index) => {
      const receipt = receiptOf(terms, entry, document.hash, index)
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
