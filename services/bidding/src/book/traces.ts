import { isSampled, startSpan, type OpenSpan } from '@gavel/platform/telemetry.ts'
import type { Decision } from '../domain/auction.ts'
import type { BidTrace, LedgerDocument } from '../ledger/entry.ts'

/**
 * Where an entry belongs in the traces of those who caused it. All of it stands beside what is hashed, so that no ledger is another
 * for being traced.
 */

interface Traced {
  bidder: string
  traceparent?: string | undefined
}

export interface EntryTrace {
  /** Absent where nothing is sampled: then the entry costs no span. */
  span: OpenSpan | undefined
  traceparent: string | undefined
}

/** An entry of many bids has many causes: its span hangs below the first that is sampled, and links to all of them. */
export function traceOfBids(auctionId: string, bids: readonly Traced[]): EntryTrace {
  const sampled = bids.flatMap(({ traceparent }) => (isSampled(traceparent) ? [traceparent] : []))
  const [first] = sampled
  if (first === undefined)
    return { span: undefined, traceparent: bids.find(({ traceparent }) => traceparent)?.traceparent }
  const span = startSpan({
    name: 'append to ledger',
    kind: 'internal',
    parent: first,
    links: sampled.length > 1 ? sampled : [],
    attributes: { 'gavel.auction.id': auctionId, 'gavel.entry.bids': bids.length }
  })
  return { span, traceparent: span?.traceparent ?? first }
}

/** By time an auction closes without a cause: a trace begins, which links to the bid that won. */
export function traceOfClose(auctionId: string, cause: string | undefined, winner: string | undefined): EntryTrace {
  const span = startSpan({
    name: 'close auction',
    kind: 'internal',
    parent: cause,
    links: winner === undefined || winner === cause ? [] : [winner],
    attributes: { 'gavel.auction.id': auctionId }
  })
  return { span, traceparent: span?.traceparent ?? cause }
}

/** A sale is somebody's own, and followed whether it is sampled or not; of other bids, only those whose trace is kept. */
function bidTraces(bids: readonly Traced[], { outcomes }: Decision): BidTrace[] {
  return bids.flatMap(({ traceparent }, index) =>
    traceparent !== undefined && (outcomes[index]?.sale !== 0 || isSampled(traceparent)) ? [{ index, traceparent }] : []
  )
}

/** Of the last bid with which the leader came to lead or raised his maximum. */
function leaderTraceparent(
  bids: readonly Traced[],
  { outcomes, standing }: Decision,
  before: string | undefined
): string | undefined {
  if (standing.leader === null) return undefined
  const index = bids.findLastIndex((bid, at) => bid.bidder === standing.leader && outcomes[at]?.code === null)
  if (index < 0) return before
  const traceparent = bids[index]?.traceparent
  return isSampled(traceparent) ? traceparent : undefined
}

/** Writes onto a document of bids what its readers need to go on with their traces. */
export function markTraces(
  document: LedgerDocument,
  { traceparent }: EntryTrace,
  bids: readonly Traced[],
  decision: Decision,
  leaderBefore: string | undefined
): void {
  const leader = leaderTraceparent(bids, decision, leaderBefore)
  if (leader !== undefined) document.leaderTraceparent = leader
  if (traceparent === undefined) return
  document.traceparent = traceparent
  const own = bidTraces(bids, decision)
  if (own.length > 0) document.bidTraces = own
}

/** The same for an entry that changes nobody's lead. */
export function keepTraces(
  document: LedgerDocument,
  traceparent: string | undefined,
  leaderTraceparent: string | undefined
): void {
  if (traceparent !== undefined) document.traceparent = traceparent
  if (leaderTraceparent !== undefined) document.leaderTraceparent = leaderTraceparent
}

/** Does the work of an entry in its span, where it has one, and ends that with it. */
export async function within<T>({ span }: EntryTrace, work: () => Promise<T>): Promise<T> {
  if (!span) return await work()
  try {
    const result = await span.run(work)
    span.end()
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}
