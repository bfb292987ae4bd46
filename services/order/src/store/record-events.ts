import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import type { Pool } from 'pg'
import type { SaleEnd } from '../domain/batch.ts'
import type { Fact, Timeouts } from '../domain/progress.ts'
import { recordFacts } from './record-facts.ts'

/** Any event of the saga: each carries its sale whole. */
export type SagaEvent = IncomingEvent & { data: { sale: Sale } }

/** Records a batch of one topic in one transaction, each event once. */
export function recordEvents<Event extends SagaEvent>(
  pool: Pool,
  batch: { group: string; events: readonly Event[]; toFact: (event: Event) => Fact },
  now: number,
  timeouts: Timeouts
): Promise<SaleEnd[]> {
  return transaction(pool, async (client) => {
    const fresh = await takeNew(client, batch.group, batch.events)
    const facts = fresh.map((event) => ({
      sale: event.data.sale,
      fact: batch.toFact(event),
      traceparent: event.traceparent
    }))
    return await recordFacts(client, facts, now, timeouts)
  })
}
