import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'

/** The table `events` as rows and as what the contract calls an event. */

export const eventColumns = `position, event_id, type, source, subject, topic, kafka_partition, kafka_offset, key, time, recorded_at,
            traceparent, data, previous_hash, hash`

export interface RawEvent {
  position: number
  event_id: string
  type: string
  source: string
  subject: string | null
  topic: string
  kafka_partition: number
  kafka_offset: number
  key: string
  time: Date
  recorded_at: Date
  traceparent: string | null
  data: Record<string, unknown>
  previous_hash: Buffer
  hash: Buffer
}

/**
 * PostgreSQL's jsonb takes neither the NUL character nor half of a surrogate pair, and JSON allows both. Such data are kept as
 * their text under this name, which no event's schema has.
 */
const AS_TEXT = '$json'
const unstorable = /\\u0000|\\u[dD][89abAB-fF][0-9a-fA-F]{2}/

export function storable(data: unknown): string {
  const text = JSON.stringify(data)
  return unstorable.test(text) ? JSON.stringify({ [AS_TEXT]: text }) : text
}

const stored = (data: Record<string, unknown>): Record<string, unknown> => {
  const text = data[AS_TEXT]
  return typeof text === 'string' ? (JSON.parse(text) as Record<string, unknown>) : data
}

/** Members without a value are left out, as in what was hashed. */
export const toEvent = (raw: RawEvent): RecordedEvent => ({
  position: raw.position,
  eventId: raw.event_id,
  type: raw.type,
  source: raw.source,
  ...(raw.subject !== null && { subject: raw.subject }),
  topic: raw.topic,
  partition: raw.kafka_partition,
  offset: raw.kafka_offset,
  key: raw.key,
  time: raw.time.getTime(),
  recordedAt: raw.recorded_at.getTime(),
  ...(raw.traceparent !== null && { traceparent: raw.traceparent }),
  data: stored(raw.data),
  previousHash: raw.previous_hash.toString('hex'),
  hash: raw.hash.toString('hex')
})
