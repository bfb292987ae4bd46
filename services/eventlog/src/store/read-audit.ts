import type { AuditedAct } from '@gavel/contracts/api/audit.ts'
import { audit } from '@gavel/contracts/topics.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { toEvent, type RawEvent } from './event-rows.ts'

export interface AuditFilter {
  /** Only acts before this position. */
  before?: number | undefined
  userId?: string | undefined
  service?: string | undefined
  operation?: string | undefined
  subject?: string | undefined
  outcome?: string | undefined
  endedAfter?: number | undefined
  endedBefore?: number | undefined
  limit: number
}

const dateOf = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms))

/** Newest first. An act's key is who did it, so the log's indexes by topic, key and subject find them; the rest is looked at row by row. */
export async function findActs(client: Queryable, filter: AuditFilter): Promise<AuditedAct[]> {
  const { rows } = await client.query<RawEvent>(
    `select position, event_id, type, source, subject, topic, kafka_partition, kafka_offset, key, time, recorded_at,
            traceparent, data, previous_hash, hash
       from events
      where topic = $1
        and position < $2
        and ($3::text is null or key = $3)
        and ($4::text is null or source = $4)
        and ($5::text is null or data ->> 'operation' = $5)
        and ($6::text is null or subject = $6)
        and ($7::text is null or data ->> 'outcome' = $7)
        and ($8::timestamptz is null or time >= $8)
        and ($9::timestamptz is null or time < $9)
      order by position desc
      limit $10`,
    [
      audit.name,
      filter.before ?? Number.MAX_SAFE_INTEGER,
      filter.userId ?? null,
      filter.service ?? null,
      filter.operation ?? null,
      filter.subject ?? null,
      filter.outcome ?? null,
      dateOf(filter.endedAfter),
      dateOf(filter.endedBefore),
      filter.limit
    ]
  )
  return rows.map((row) => {
    const { position, data } = toEvent(row)
    return { position, ...(data as unknown as Omit<AuditedAct, 'position'>) }
  })
}
