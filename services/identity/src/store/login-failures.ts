import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { lockMs, type LockOutPolicy } from '../domain/lock-out.ts'

/** Two tables of one shape: by account and by client address. */
const tables = {
  email: { table: 'login_failures', key: 'email_sha256' },
  address: { table: 'address_failures', key: 'address_sha256' }
} as const
type Counted = keyof typeof tables

const keyOf = (value: string): Buffer => createHash('sha256').update(value).digest()

/** Until when it is locked. */
export async function readLock(pool: Pool, counted: Counted, value: string): Promise<number | undefined> {
  const { table, key } = tables[counted]
  const { rows } = await pool.query<{ locked_until: Date | null }>(
    `select locked_until from ${table} where ${key} = $1`,
    [keyOf(value)]
  )
  return rows[0]?.locked_until?.getTime()
}

/** Counts one failure. The first statement holds the row, so no failure of any process is lost; the domain says what the count means. */
export async function recordFailure(
  pool: Pool,
  counted: Counted,
  value: string,
  { now, policy }: { now: number; policy: LockOutPolicy }
): Promise<{ failures: number; lockedForMs: number }> {
  const { table, key } = tables[counted]
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<{ failures: number }>(
      `insert into ${table} (${key}, failures, last_failed_at) values ($1, 1, $2)
       on conflict (${key}) do update set
         failures = case when ${table}.last_failed_at < $3 then 1 else ${table}.failures + 1 end,
         last_failed_at = greatest(${table}.last_failed_at, $2)
       returning failures`,
      [keyOf(value), new Date(now), new Date(now - policy.forgetAfterMs)]
    )
    const failures = rows[0]?.failures ?? 1
    const lockedForMs = lockMs(failures, policy)
    if (lockedForMs > 0) {
      await client.query(`update ${table} set locked_until = greatest(locked_until, $2) where ${key} = $1`, [
        keyOf(value),
        new Date(now + lockedForMs)
      ])
    }
    return { failures, lockedForMs }
  })
}

export async function forgetFailures(client: PoolClient, email: string): Promise<void> {
  await client.query('delete from login_failures where email_sha256 = $1', [keyOf(email)])
}
