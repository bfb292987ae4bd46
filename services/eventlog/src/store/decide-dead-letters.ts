import type { Producer } from '@gavel/platform/kafka/producer.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { replayHeaders } from '../domain/dead-letter.ts'
import { inRequests } from '../requests.ts'
import { deadLetterColumns, type RawDeadLetter } from './dead-letter-rows.ts'

export interface Decision {
  status: 'replayed' | 'discarded'
  userId: string
  now: number
}

/** What became of them: those this call decided, and those it found and left as they are. */
export interface Decided {
  changed: string[]
  unchanged: string[]
}

/** Of one transaction: as many payloads are in memory, and a broker that is slow keeps as many rows locked. */
const BATCH = 20

/**
 * Decides on dead letters in the order in which they came. One that was replayed stays so; a discarded one may still be
 * replayed. A replay goes to the broker while the rows are locked and is noted after the acknowledgement: a crash in between
 * leaves them open, and the next replay sends them again, which inboxes drop. Throws a Fault where the broker does not take
 * them; the batches before that one are decided.
 */
export async function decideDeadLetters(
  { pool, producer }: { pool: Pool; producer: Producer },
  ids: readonly string[],
  decision: Decision
): Promise<Decided> {
  const decided: Decided = { changed: [], unchanged: [] }
  const ordered = await inOrder(pool, ids)
  for (let start = 0; start < ordered.length; start += BATCH) {
    const batch = ordered.slice(start, start + BATCH)
    const changed = await transaction(pool, async (client) => {
      const rows = await lock(client, batch, decision)
      if (decision.status === 'replayed') await send(producer, rows)
      await mark(client, rows, decision)
      return new Set(rows.map(({ dead_letter_id }) => dead_letter_id))
    })
    for (const id of batch) (changed.has(id) ? decided.changed : decided.unchanged).push(id)
  }
  return decided
}

async function inOrder(pool: Pool, ids: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ dead_letter_id: string }>(
    'select dead_letter_id from dead_letters where dead_letter_id = any($1::text[]) order by number',
    [ids]
  )
  return rows.map(({ dead_letter_id }) => dead_letter_id)
}

async function lock(client: PoolClient, ids: readonly string[], { status }: Decision): Promise<RawDeadLetter[]> {
  const { rows } = await client.query<RawDeadLetter>(
    `select ${deadLetterColumns}
       from dead_letters
      where dead_letter_id = any($1::text[])
        and status = any($2::text[])
      order by number
        for update`,
    [ids, status === 'replayed' ? ['open', 'discarded'] : ['open']]
  )
  return rows
}

/** To where it came from, with the key, value and headers that it had: the same event for everyone. */
async function send(producer: Producer, rows: readonly RawDeadLetter[]): Promise<void> {
  const messages = rows.map(({ topic, key, value, headers }) => ({
    topic: producer.topicName(topic),
    key,
    value,
    headers: replayHeaders(headers)
  }))
  for (const request of inRequests(messages)) await producer.send(request)
}

async function mark(client: PoolClient, rows: readonly RawDeadLetter[], decision: Decision): Promise<void> {
  if (rows.length === 0) return
  await client.query(
    'update dead_letters set status = $2, decided_by = $3, decided_at = $4 where number = any($1::bigint[])',
    [rows.map(({ number }) => number), decision.status, decision.userId, new Date(decision.now)]
  )
}
