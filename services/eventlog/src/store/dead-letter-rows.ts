import type { DeadLetter, DeadLetterReason, DeadLetterStatus } from '@gavel/contracts/api/dead-letters.ts'
import { headersAsText, payloadOf, type StoredHeader } from '../domain/dead-letter.ts'

/** The table `dead_letters` as rows and as what the contract calls a dead letter. */

export const deadLetterColumns = `number, dead_letter_id, consumer_group, topic, kafka_partition, kafka_offset, key, value,
            octet_length(value) as value_bytes, headers, reason, error, attempts, died_at, recorded_at, status, decided_by, decided_at`

export interface RawDeadLetter {
  number: number
  dead_letter_id: string
  consumer_group: string
  topic: string
  kafka_partition: number | null
  kafka_offset: number | null
  key: Buffer | null
  value: Buffer | null
  value_bytes: number | null
  headers: StoredHeader[]
  reason: DeadLetterReason
  error: string
  attempts: number | null
  died_at: Date
  recorded_at: Date
  status: DeadLetterStatus
  decided_by: string | null
  decided_at: Date | null
}

export const toDeadLetter = (raw: RawDeadLetter): DeadLetter => ({
  deadLetterId: raw.dead_letter_id,
  group: raw.consumer_group,
  topic: raw.topic,
  ...(raw.kafka_partition !== null && { partition: raw.kafka_partition }),
  ...(raw.kafka_offset !== null && { offset: raw.kafka_offset }),
  ...(raw.key !== null && { key: raw.key.toString('utf8') }),
  headers: headersAsText(raw.headers),
  payloadBytes: raw.value_bytes ?? 0,
  ...payloadOf(raw.value),
  reason: raw.reason,
  error: raw.error,
  ...(raw.attempts !== null && { attempts: raw.attempts }),
  diedAt: raw.died_at.getTime(),
  recordedAt: raw.recorded_at.getTime(),
  status: raw.status,
  ...(raw.decided_by !== null && { decidedBy: raw.decided_by }),
  ...(raw.decided_at !== null && { decidedAt: raw.decided_at.getTime() })
})
