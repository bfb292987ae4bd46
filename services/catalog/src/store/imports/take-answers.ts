import type { commandAnswers } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { transaction, type Pool } from '@gavel/platform/postgres/pool.ts'
import { settle, type Settled } from './settle.ts'

type AnswerEvent = IncomingEvent<(typeof commandAnswers.events)[number]>

/** What inventory says became of the stock of rows. */
export async function takeAnswers(
  pool: Pool,
  batch: { group: string; events: readonly AnswerEvent[] },
  now: number
): Promise<Settled> {
  return await transaction(pool, async (client) => {
    const fresh = await takeNew(client, batch.group, batch.events)
    const outcomes = fresh.flatMap(({ data: { importId, answers } }) =>
      answers.map((answer) => ({ importId, ...answer }))
    )
    return await settle(client, 'stock', outcomes, now)
  })
}
