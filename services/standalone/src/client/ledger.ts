import { readLedger } from '@gavel/contracts/api/bidding.ts'
import type { Gateway } from './gateway.ts'

/** Every entry of an auction's public ledger, in order. */
export async function readWholeLedger(gateway: Gateway, auctionId: string, limit = 200): Promise<unknown[]> {
  const entries: unknown[] = []
  let from: number | undefined = 0
  while (from !== undefined) {
    const page: { entries: unknown[]; nextFrom?: number } = await gateway.call(readLedger, { params: { auctionId }, query: { from, limit } })
    entries.push(...page.entries)
    from = page.nextFrom
  }
  return entries
}
