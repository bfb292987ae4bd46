import type { Sale } from '@gavel/contracts/primitives.ts'
import { decide, type End, type Fact, type Progress, type Timeouts } from './progress.ts'

/** A fact with the sale it is about, and what a trace needs to go on. */
export interface SaleFact {
  sale: Sale
  fact: Fact
  traceparent?: string | undefined
}

export interface SaleEnd {
  sale: Sale
  end: End
  traceparent: string | undefined
}

export interface BatchDecision {
  /** Every sale the batch is about, as it stands afterwards. */
  progress: Progress[]
  ends: SaleEnd[]
}

/** Decides a whole batch in order, in memory: one read before and one write after serve any number of events. */
export function decideBatch(
  before: ReadonlyMap<string, Progress>,
  facts: readonly SaleFact[],
  now: number,
  timeouts: Timeouts
): BatchDecision {
  const after = new Map<string, Progress>()
  const ends: SaleEnd[] = []
  for (const { sale, fact, traceparent } of facts) {
    const { orderNumber } = sale
    const decision = decide(after.get(orderNumber) ?? before.get(orderNumber), sale, fact, now, timeouts)
    after.set(orderNumber, decision.progress)
    if (decision.end) ends.push({ sale: decision.progress.sale, end: decision.end, traceparent })
  }
  return { progress: [...after.values()], ends }
}
