import type { Difference, DifferenceKind, StatementName } from '@gavel/contracts/api/reconciliation.ts'
import type { StatedRange } from '@gavel/contracts/events/statements.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { PoolClient } from 'pg'
import type { Comparison } from '../domain/reconcile.ts'

/** Whose database each statement is of. */
export const statementServices: Record<StatementName, string> = {
  ledgers: 'bidding',
  reservations: 'inventory',
  stock: 'inventory',
  payments: 'payment',
  sales: 'order'
}
export const statementNames = Object.keys(statementServices) as StatementName[]

/** Notes what a comparison of a range found, and closes what it looked for and did not find any more. */
export async function recordComparison(
  client: PoolClient,
  statement: StatementName,
  { after, upTo }: Pick<StatedRange, 'after' | 'upTo'>,
  { differences, compared, onTheirWay }: Comparison,
  now: number
): Promise<void> {
  const at = new Date(now)
  await client.query(
    `insert into differences (statement, place, subject, kind, expected, found, first_seen_at, last_seen_at)
     select $1, found.*, $7, $7
       from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as found
         on conflict (statement, subject, kind) do update
        set place = excluded.place, expected = excluded.expected, found = excluded.found, last_seen_at = excluded.last_seen_at,
            first_seen_at = case when differences.gone_at is null then differences.first_seen_at else excluded.first_seen_at end,
            gone_at = null`,
    [
      statement,
      differences.map(({ place }) => place),
      differences.map(({ subject }) => subject),
      differences.map(({ kind }) => kind),
      differences.map(({ expected }) => expected),
      differences.map(({ found }) => found),
      at
    ]
  )
  await client.query(
    `update differences
        set gone_at = $6
      where statement = $1
        and gone_at is null
        and place > $2 and ($3::text is null or place <= $3)
        and place <> all($4::text[])
        and subject || ' ' || kind <> all($5::text[])`,
    [statement, after, upTo, onTheirWay, differences.map(({ subject, kind }) => `${subject} ${kind}`), at]
  )
  await client.query(
    `insert into reconciliation as known (statement, checked_at, round_ended_at, compared, on_their_way, round_compared, round_on_their_way)
     values ($1, $2, case when $3 then $2::timestamptz end, case when $3 then $4::bigint else 0 end, case when $3 then $5::bigint else 0 end,
             case when $3 then 0 else $4 end, case when $3 then 0 else $5 end)
         on conflict (statement) do update
        set checked_at = $2,
            round_ended_at = case when $3 then $2 else known.round_ended_at end,
            compared = case when $3 then $4 + case when $6 then 0 else known.round_compared end else known.compared end,
            on_their_way = case when $3 then $5 + case when $6 then 0 else known.round_on_their_way end else known.on_their_way end,
            round_compared = case when $3 then 0 else $4 + case when $6 then 0 else known.round_compared end end,
            round_on_their_way = case when $3 then 0 else $5 + case when $6 then 0 else known.round_on_their_way end end`,
    [statement, at, upTo === null, compared, onTheirWay.length, after === '']
  )
}

export interface Checked {
  differences: number
  checkedAt?: number
  roundEndedAt?: number
  compared: number
  onTheirWay: number
}

export async function readChecks(client: Queryable): Promise<Map<StatementName, Checked>> {
  const { rows } = await client.query<{
    statement: StatementName
    differences: number
    checked_at: Date | null
    round_ended_at: Date | null
    compared: number | null
    on_their_way: number | null
  }>(
    `select statement, checked_at, round_ended_at, compared, on_their_way,
            (select count(*) from differences where differences.statement = named.statement and gone_at is null) as differences
       from unnest($1::text[]) as named (statement)
       left join reconciliation using (statement)`,
    [statementNames]
  )
  return new Map(
    rows.map((row) => [
      row.statement,
      {
        differences: row.differences,
        ...(row.checked_at !== null && { checkedAt: row.checked_at.getTime() }),
        ...(row.round_ended_at !== null && { roundEndedAt: row.round_ended_at.getTime() }),
        compared: row.compared ?? 0,
        onTheirWay: row.on_their_way ?? 0
      }
    ])
  )
}

export async function findDifferences(
  client: Queryable,
  filter: { statement?: StatementName | undefined; open: boolean; before?: number | undefined; limit: number }
): Promise<{ number: number; difference: Difference }[]> {
  const { rows } = await client.query<{
    number: number
    statement: StatementName
    subject: string
    kind: DifferenceKind
    expected: string
    found: string
    first_seen_at: Date
    last_seen_at: Date
    gone_at: Date | null
  }>(
    `select number, statement, subject, kind, expected, found, first_seen_at, last_seen_at, gone_at
       from differences
      where ($1::text is null or statement = $1)
        and (gone_at is null) = $2
        and ($3::bigint is null or number < $3)
      order by number desc
      limit $4`,
    [filter.statement ?? null, filter.open, filter.before ?? null, filter.limit]
  )
  return rows.map((row) => ({
    number: row.number,
    difference: {
      statement: row.statement,
      service: statementServices[row.statement],
      subject: row.subject,
      kind: row.kind,
      expected: row.expected,
      found: row.found,
      firstSeenAt: row.first_seen_at.getTime(),
      lastSeenAt: row.last_seen_at.getTime(),
      ...(row.gone_at !== null && { goneAt: row.gone_at.getTime() })
    }
  }))
}
