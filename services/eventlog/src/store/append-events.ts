import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { appendToChain, type Head, type Unrecorded } from '../domain/chain.ts'
import { storable } from './event-rows.ts'

/** Announced at each commit, with the new last position. */
export const LOG_CHANNEL = 'log_head'

/**
 * Appends events of any topics, in their order: all of them or nothing, each once for good; answers those that were new. The head's lock
 * comes first and is held to the commit. So positions become visible in their order and without a hole, and whoever looks for known events
 * sees all of them.
 */
export function appendEvents(pool: Pool, events: readonly Unrecorded[], now: number): Promise<RecordedEvent[]> {
  if (events.length === 0) return Promise.resolve([])
  return transaction(pool, async (client) => {
    const head = await lockHead(client)
    const recorded = appendToChain(head, await withoutKnown(client, events), now)
    const last = recorded.at(-1)
    if (!last) return []
    // The upkeep made it long ago. Asked all the same: an event without a partition would be refused as if it were wrong.
    await client.query('select make_events_partition($1)', [new Date(last.recordedAt)])
    await insertEvents(client, recorded)
    await client.query(
      `with moved as (update log_head set position = $1, hash = decode($2, 'hex'), recorded_at = $3)
       select pg_notify('${LOG_CHANNEL}', $4)`,
      [last.position, last.hash, new Date(last.recordedAt), String(last.position)]
    )
    return recorded
  })
}

async function lockHead(client: PoolClient): Promise<Head> {
  const { rows } = await client.query<{ position: number; hash: Buffer; recorded_at: Date }>(
    'select position, hash, recorded_at from log_head for update'
  )
  const { position, hash, recorded_at } = rows[0]!
  return { position, hash: hash.toString('hex'), recordedAt: recorded_at.getTime() }
}

async function withoutKnown(client: PoolClient, events: readonly Unrecorded[]): Promise<Unrecorded[]> {
  const { rows } = await client.query<{ topic: string; event_id: string }>(
    'select topic, event_id from event_positions where (topic, event_id) in (select * from unnest($1::text[], $2::text[]))',
    [events.map(({ topic }) => topic), events.map(({ eventId }) => eventId)]
  )
  const known = new Set(rows.map(({ topic, event_id }) => `${topic}/${event_id}`))
  return events.filter(({ topic, eventId }) => {
    const id = `${topic}/${eventId}`
    if (known.has(id)) return false
    known.add(id)
    return true
  })
}

async function insertEvents(client: PoolClient, events: readonly RecordedEvent[]): Promise<void> {
  await client.query(
    `with row as (
       select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::bigint[],
                            $9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::jsonb[], $14::text[], $15::text[])
         as row (position, event_id, type, source, subject, topic, kafka_partition, kafka_offset, key, time, recorded_at,
                 traceparent, data, previous_hash, hash)
     ), known as (
       insert into event_positions (topic, event_id, position, recorded_at)
       select topic, event_id, position, recorded_at from row
     )
     insert into events (position, event_id, type, source, subject, topic, kafka_partition, kafka_offset, key, time, recorded_at,
                         traceparent, data, previous_hash, hash)
     select position, event_id, type, source, subject, topic, kafka_partition, kafka_offset, key, time, recorded_at,
            traceparent, data, decode(previous_hash, 'hex'), decode(hash, 'hex')
       from row`,
    [
      events.map(({ position }) => position),
      events.map(({ eventId }) => eventId),
      events.map(({ type }) => type),
      events.map(({ source }) => source),
      events.map(({ subject }) => subject ?? null),
      events.map(({ topic }) => topic),
      events.map(({ partition }) => partition),
      events.map(({ offset }) => offset),
      events.map(({ key }) => key),
      events.map(({ time }) => new Date(time)),
      events.map(({ recordedAt }) => new Date(recordedAt)),
      events.map(({ traceparent }) => traceparent ?? null),
      events.map(({ data }) => storable(data)),
      events.map(({ previousHash }) => previousHash),
      events.map(({ hash }) => hash)
    ]
  )
}
