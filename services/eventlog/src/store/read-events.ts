import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { GENESIS_HASH } from '../domain/chain.ts'
import { eventColumns, toEvent, type RawEvent } from './event-rows.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { LOG_CHANNEL } from './append-events.ts'
import type { Watched } from './head-watch.ts'

export interface EventFilter {
  topic?: string | undefined
  type?: string | undefined
  subject?: string | undefined
  key?: string | undefined
}

export interface EventRange extends EventFilter {
  /** Both ends included. */
  from: number
  to: number
  /** Bounds of the event's own time: not before `after`, and before `before`. */
  after?: number | undefined
  before?: number | undefined
  newestFirst?: boolean
  limit: number
}

const dateOf = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms))

/** A range of the log by position. What is not asked for is null and planned away, because each call is planned with its values. */
export async function findEvents(client: Queryable, range: EventRange): Promise<RecordedEvent[]> {
  const { rows } = await client.query<RawEvent>(
    `select ${eventColumns}
       from events
      where position between $1 and $2
        and ($3::text is null or topic = $3)
        and ($4::text is null or type = $4)
        and ($5::text is null or subject = $5)
        and ($6::text is null or key = $6)
        and ($7::timestamptz is null or time >= $7)
        and ($8::timestamptz is null or time < $8)
      order by position ${range.newestFirst ? 'desc' : 'asc'}
      limit $9`,
    [
      range.from,
      range.to,
      range.topic ?? null,
      range.type ?? null,
      range.subject ?? null,
      range.key ?? null,
      dateOf(range.after),
      dateOf(range.before),
      range.limit
    ]
  )
  return rows.map(toEvent)
}

/** Ids are unique on a topic; without one, the event recorded first. */
export async function findEvent(
  client: Queryable,
  eventId: string,
  topic?: string
): Promise<RecordedEvent | undefined> {
  const { rows } = await client.query<RawEvent>(
    `select ${eventColumns}
       from events
      where (position, recorded_at) = (
        select position, recorded_at
          from event_positions
         where event_id = $1 and ($2::text is null or topic = $2)
         order by position
         limit 1)`,
    [eventId, topic ?? null]
  )
  return rows[0] && toEvent(rows[0])
}

export async function readHead(client: Queryable): Promise<{ position: number; hash: string }> {
  const { rows } = await client.query<{ position: number; hash: string }>(
    `select position, encode(hash, 'hex') as hash from log_head`
  )
  return rows[0]!
}

/** The hash at a position, as the log has it; undefined where nothing is there. */
export async function readHashAt(client: Queryable, position: number): Promise<string | undefined> {
  if (position === 0) return GENESIS_HASH
  const { rows } = await client.query<{ hash: string }>(
    `select encode(hash, 'hex') as hash from events where position = $1 order by recorded_at limit 1`,
    [position]
  )
  return rows[0]?.hash
}

/** The log, as something to watch. */
export const theLog: Watched = {
  channel: LOG_CHANNEL,
  readPosition: async (pool) => (await readHead(pool)).position
}
