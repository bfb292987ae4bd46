import { closeAuction, openAuction } from '@gavel/contracts/api/bidding.ts'
import { LedgerVerifier } from '@gavel/bidding/verify/verify.ts'
import { describe } from '@gavel/bidding/verify/main.ts'
import type { Gateway } from '@gavel/standalone/client/gateway.ts'
import { readWholeLedger } from '@gavel/standalone/client/ledger.ts'
import { readAcknowledged, type Acknowledged } from './load.ts'

/** Entries a page: a full entry holds two thousand bids. */
const pageEntries = 20

export async function openLoadAuction(bidding: Gateway, adminToken: string, auctionId: string): Promise<void> {
  const body = {
    auctionId,
    productId: auctionId,
    title: 'A hot auction',
    mode: 'english' as const,
    currency: 'USD',
    openingPriceMinor: 1_000_000,
    increments: [{ fromMinor: 0, incrementMinor: 1 }],
    endsAt: Date.now() + 2 * 60 * 60_000,
    antiSnipingWindowMs: 0,
    secondChance: false
  }
  await bidding.call(openAuction, { body }, { token: adminToken, repeatable: true })
}

export type Checked = { acknowledged: number; inLedger: number; entries: number; fault: string | undefined }

type LedgerEntry = { sequence: number; bids?: { bidId: string; code?: string }[] }

/** Closes the auction, verifies its ledger to the last decision, and holds it against what the generator was told. */
export async function checkLedger(
  bidding: Gateway,
  adminToken: string,
  auctionId: string,
  acknowledgedFile: string
): Promise<Checked> {
  await bidding.call(closeAuction, { params: { auctionId } }, { token: adminToken, repeatable: true })
  const told = new Map<string, Acknowledged>()
  for (const answer of readAcknowledged(acknowledgedFile)) told.set(answer.bidId, answer)
  const acknowledged = told.size
  const verifier = new LedgerVerifier()
  const faults: string[] = []
  let inLedger = 0
  for await (const each of readWholeLedger(bidding, auctionId, pageEntries)) {
    if (!(await verifier.add(each))) break
    const entry = each as LedgerEntry
    entry.bids?.forEach(({ bidId, code }, index) => {
      inLedger += 1
      const answer = told.get(bidId)
      // Taken away when found, so that a bid that is there twice is not found the second time.
      told.delete(bidId)
      const outcome = code === undefined ? 'accepted' : 'refused'
      if (!answer) faults.push(`${bidId} is there twice, or was never answered`)
      else if (answer.outcome !== outcome)
        faults.push(`${bidId} is there ${outcome} and was answered ${answer.outcome}`)
      else if (answer.sequence !== entry.sequence || answer.index !== index)
        faults.push(`${bidId} is not where its receipt says`)
    })
  }
  const verdict = verifier.verdict()
  if (!verdict.verified || verdict.level !== 'decisions') faults.unshift(describe(verdict))
  if (told.size > 0) faults.push(`${told.size} acknowledged bids are not there, as ${told.keys().next().value}`)
  return {
    acknowledged,
    inLedger,
    entries: verdict.entries,
    fault: faults.length > 0 ? faults.slice(0, 3).join('; ') : undefined
  }
}
