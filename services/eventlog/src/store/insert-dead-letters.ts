import type { Pool } from 'pg'
import type { UnstoredDeadLetter } from '../domain/dead-letter.ts'

/** Each once, however often it is delivered; what was decided on it stays. */
export async function insertDeadLetters(
  pool: Pool,
  letters: readonly UnstoredDeadLetter[],
  now: number
): Promise<void> {
  await pool.query(
    `insert into dead_letters (dead_letter_topic, dead_letter_partition, dead_letter_offset, died_at, consumer_group, topic,
                               kafka_partition, kafka_offset, key, value, headers, reason, error, attempts, recorded_at)
     select letter.*, $15::timestamptz
       from unnest($1::text[], $2::integer[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::integer[],
                   $8::bigint[], $9::bytea[], $10::bytea[], $11::json[], $12::text[], $13::text[], $14::integer[]) as letter
     on conflict do nothing`,
    [
      letters.map(({ deadLetterTopic }) => deadLetterTopic),
      letters.map(({ deadLetterPartition }) => deadLetterPartition),
      letters.map(({ deadLetterOffset }) => deadLetterOffset),
      letters.map(({ diedAt }) => new Date(diedAt)),
      letters.map(({ group }) => group),
      letters.map(({ topic }) => topic),
      letters.map(({ partition }) => partition),
      letters.map(({ offset }) => offset),
      letters.map(({ key }) => key),
      letters.map(({ value }) => value),
      letters.map(({ headers }) => JSON.stringify(headers)),
      letters.map(({ reason }) => reason),
      letters.map(({ error }) => error),
      letters.map(({ attempts }) => attempts),
      new Date(now)
    ]
  )
}
