import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool } from 'pg'
import { factsOf } from '../../domain/facts.ts'
import { applyFacts } from './apply-facts.ts'
import { holdGenerations } from './generations.ts'

/** A batch of one partition into every generation that lives, once. Tells how many events were new. */
export async function takeEvents(
  pool: Pool,
  group: string,
  topic: string,
  events: readonly IncomingEvent[]
): Promise<number> {
  return await transaction(pool, async (client) => {
    const generations = await holdGenerations(client)
    const fresh = await takeNew(client, group, events)
    const last = fresh.at(-1)
    if (!last) return 0
    await client.query(
      `insert into read_side_marks (topic, partition, event_id) values ($1, $2, $3)
       on conflict (topic, partition) do update set event_id = excluded.event_id`,
      [topic, last.partition, last.id]
    )
    const facts = factsOf(fresh.map(({ definition, data }) => ({ type: definition.type, data })))
    for (const generation of generations) await applyFacts(client, generation, facts)
    return fresh.length
  })
}
