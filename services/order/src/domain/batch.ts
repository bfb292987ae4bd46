import type { Sale } from '@gavel/contracts/primitives.ts'
import { begin, decide, type End, type Fact, type Progress, type Timeouts } from './progress.ts'

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
  /** The sales that stand otherwise than before. */
  changed: Progress[]
  ends: SaleEnd[]
  /** Sales that ended before this batch and whose end was asked for. */
  tellAgain: SaleFact[]
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
  const asked = new Map<string, SaleFact>()
  for (const saleFact of facts) {
    const { sale, fact, traceparent } = saleFact
    const { orderNumber } = sale
    const known = after.get(orderNumber) ?? before.get(orderNumber) ?? begin(sale, now, timeouts)
    const { progress, end, tellAgain } = decide(known, fact, now, timeouts)
    after.set(orderNumber, progress)
    if (end) ends.push({ sale: progress.sale, end, traceparent })
    if (tellAgain && before.get(orderNumber)?.status === progress.status) asked.set(orderNumber, saleFact)
  }
  // `decide` answers the very object it was given where nothing changed.
  return {
    changed: [...after].flatMap(([orderNumber, progress]) => (progress === before.get(orderNumber) ? [] : [progress])),
    ends,
    tellAgain: [...asked.values()]
  }
}
