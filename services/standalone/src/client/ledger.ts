import { describe } from '@gavel/bidding/verify/main.ts'
import { LedgerVerifier, type Verdict } from '@gavel/bidding/verify/verify.ts'
import { readLedger } from '@gavel/contracts/api/bidding.ts'
import type { Gateway } from './gateway.ts'

/** Every entry of an auction's public ledger, in order. No token is needed. */
export async function* readWholeLedger(gateway: Gateway, auctionId: string, limit = 200): AsyncGenerator {
  let from: number | undefined = 0
  while (from !== undefined) {
    const page: { entries: unknown[]; nextFrom?: number } = await gateway.call(readLedger, {
      params: { auctionId },
      query: { from, limit }
    })
    yield* page.entries
    from = page.nextFrom
  }
}

/** A bid as its bidder was told it was decided. */
export type ToldBid = { bidId: string; code: string | undefined }

type LedgerBid = { bidId: string; code?: string }
const bidsOf = (entry: unknown): LedgerBid[] => (entry as { bids?: LedgerBid[] }).bids ?? []

/** What is wrong between a closed auction's ledger and what its bidders were told, in words. */
export async function findLedgerFault(
  auctionId: string,
  entries: AsyncIterable<unknown>,
  told: Iterable<ToldBid>
): Promise<string | undefined> {
  const verifier = new LedgerVerifier()
  const written = new Map<string, string | undefined>()
  for await (const entry of entries) {
    if (!(await verifier.add(entry))) return describe(verifier.verdict())
    if ((entry as { auctionId: string }).auctionId !== auctionId) return 'it is the ledger of another auction'
    for (const { bidId, code } of bidsOf(entry)) {
      if (written.has(bidId)) return `bid ${bidId} is in it twice`
      written.set(bidId, code)
    }
  }
  const verdict: Verdict = verifier.verdict()
  if (!verdict.verified) return describe(verdict)
  if (!verdict.closed || verdict.level !== 'decisions') return 'it has no end, or its secrets are not laid open'
  for (const { bidId, code } of told) {
    if (!written.has(bidId)) return `bid ${bidId} was answered and is not in it`
    if (written.get(bidId) !== code)
      return `bid ${bidId} is in it as ${written.get(bidId) ?? 'accepted'} and was answered ${code ?? 'accepted'}`
  }
  return undefined
}
