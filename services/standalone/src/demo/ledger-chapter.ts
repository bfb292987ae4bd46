import { describe } from '@gavel/bidding/verify/main.ts'
import { verifyLedger } from '@gavel/bidding/verify/verify.ts'
import { readWholeLedger } from '../client/ledger.ts'
import type { Sold } from './auction-chapter.ts'
import { expectThat } from './narrator.ts'
import type { Stage } from './stage.ts'

/** Anyone can check the whole auction; and nobody can change a single digit of it unseen. */
export async function tellLedger({ gateway, narrator }: Stage, { auction }: Sold): Promise<void> {
  narrator.chapter('The ledger')
  const entries = await Array.fromAsync(readWholeLedger(gateway, auction.auctionId))
  const verdict = await verifyLedger(entries)
  expectThat('The ledger verifies to the last decision', verdict.verified && verdict.level === 'decisions', verdict)
  narrator.saw(`Read without any token: ${describe(verdict)}`)

  const text = JSON.stringify(entries)
  const forged = text.replace('"priceMinor":21000', '"priceMinor":20000')
  expectThat('The copy differs in one digit', forged !== text && forged.length === text.length)
  const refusal = await verifyLedger(JSON.parse(forged) as unknown[])
  expectThat('The forged copy is refused', !refusal.verified, refusal)
  narrator.saw(`A copy with one digit changed (210.00 to 200.00) is refused: ${describe(refusal)}`)
}
