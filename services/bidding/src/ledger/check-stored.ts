import { pseudonymOf, sha256, userOfKey, type LedgerDocument } from './entry.ts'
import { entryOf } from './read.ts'

export interface LedgerProblem {
  sequence: number
  reason: string
}

/**
 * What can be said of stored entries by themselves, from the sequence number `from` on: each says what its hash says, follows the one
 * before it, binds its secrets, and holds the bids of those whose pseudonyms it shows. The first thing that is wrong, if anything is.
 */
export function checkStored(
  documents: readonly LedgerDocument[],
  from: number,
  bidderKey: string
): LedgerProblem | undefined {
  let previous: string | undefined
  for (const [index, document] of documents.entries()) {
    const sequence = from + index
    const reason = reasonAgainst(document, sequence, previous, bidderKey)
    if (reason !== undefined) return { sequence, reason }
    previous = document.hash
  }
  return undefined
}

function reasonAgainst(
  document: LedgerDocument,
  sequence: number,
  previous: string | undefined,
  bidderKey: string
): string | undefined {
  if (document._id.seq !== sequence) return 'it is not there'
  if (sha256(document.text) !== document.hash) return 'its hash is not the hash of what it says'
  const entry = entryOf(document)
  if (entry.sequence !== sequence || entry.auctionId !== document._id.auctionId) return 'it belongs to another place'
  if (previous !== undefined && entry.prevHash !== previous) return 'it does not follow the entry before it'
  if (sha256(document.secrets) !== entry.commitment) return 'its secrets are not what it was bound to'
  const bids = entry.bids ?? []
  if ((document.keys?.length ?? 0) !== bids.length) return 'it does not say whose bids it holds'
  const wrong = bids.findIndex((bid, at) => pseudonymOf(bidderKey, userOfKey(document.keys?.[at] ?? '')) !== bid.bidder)
  return wrong < 0 ? undefined : `bid ${wrong} is not of the bidder that it shows`
}
