import { findLedgerFault, readWholeLedger, type ToldBid } from '../client/ledger.ts'
import { Refused, Unanswered, type Gateway } from '../client/gateway.ts'
import type { ReplayedAuction } from './place.ts'

/** Refusals that come with a receipt; others, as that of an unknown auction, were never brought before the ledger. */
function toldBids({ answers }: ReplayedAuction): ToldBid[] {
  return answers.flatMap(({ bidId, answer }): ToldBid[] => {
    if (answer.status === 'accepted') return [{ bidId, code: undefined }]
    return answer.status === 'refused' && answer.inLedger ? [{ bidId, code: answer.code }] : []
  })
}

/** What is wrong with the ledger of a replayed auction; nothing when it verifies and holds every bid as it was answered. */
export async function checkLedger(gateway: Gateway, auction: ReplayedAuction): Promise<string | undefined> {
  try {
    return await findLedgerFault(auction.id, readWholeLedger(gateway, auction.id), toldBids(auction))
  } catch (error) {
    if (error instanceof Refused || error instanceof Unanswered) return error.message
    throw error
  }
}
