import type { DeadLetter, DeadLetterStatus } from '@gavel/contracts/api/dead-letters.ts'
import { deadLetterColumns, toDeadLetter, type RawDeadLetter } from './dead-letter-rows.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'

/** A listing leaves longer payloads out: two hundred of a megabyte each are no page. */
const LISTED_PAYLOAD_BYTES = 16 * 1024

export async function findDeadLetters(
  client: Queryable,
  filter: {
    group?: string | undefined
    status?: DeadLetterStatus | undefined
    /** Behind this one, going back in time. */
    before?: number | undefined
    limit: number
  }
): Promise<{ number: number; letter: DeadLetter }[]> {
  const { rows } = await client.query<RawDeadLetter>(
    `select ${deadLetterColumns.replace(' value,', ` case when octet_length(value) <= $5 then value end as value,`)}
       from dead_letters
      where ($1::text is null or consumer_group = $1)
        and ($2::text is null or status = $2)
        and ($3::bigint is null or number < $3)
      order by number desc
      limit $4`,
    [filter.group ?? null, filter.status ?? null, filter.before ?? null, filter.limit, LISTED_PAYLOAD_BYTES]
  )
  return rows.map((raw) => ({ number: raw.number, letter: toDeadLetter(raw) }))
}

export async function findDeadLetter(client: Queryable, deadLetterId: string): Promise<DeadLetter | undefined> {
  const { rows } = await client.query<RawDeadLetter>(
    `select ${deadLetterColumns} from dead_letters where dead_letter_id = $1`,
    [deadLetterId]
  )
  return rows[0] && toDeadLetter(rows[0])
}

/** The open ones of a group, the oldest first. */
export async function findOpenIds(client: Queryable, group: string, limit: number): Promise<string[]> {
  const { rows } = await client.query<{ dead_letter_id: string }>(
    `select dead_letter_id
       from dead_letters
      where consumer_group = $1 and status = 'open'
      order by number
      limit $2`,
    [group, limit]
  )
  return rows.map(({ dead_letter_id }) => dead_letter_id)
}

/** Counted up to 100,000. */
export async function countOpen(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ open: number }>(
    `select count(*)::int as open from (select from dead_letters where status = 'open' limit 100000) as open`
  )
  return rows[0]!.open
}
