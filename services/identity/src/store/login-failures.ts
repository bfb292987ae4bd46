import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { lockMs, lockOut } from '../domain/lock-out.ts'

const keyOf = (email: string): Buffer => createHash('sha256').update(email).digest()

/** Until when the address is locked. */
export async function readLock(pool: Pool, email: string): Promise<number | undefined> {
  const { rows } = await pool.query<{ locked_until: Date | null }>(
    'select locked_until from login_failures where email_sha256 = $1',
    [keyOf(email)]
  )
  return rows[0]?.locked_until?.getTime()
}

/** Counts one failure. The first statement holds the row, so no failure of any process is lost; the domain says what the count means. */
export async function recordFailure(
  pool: Pool,
  email: string,
  now: number
): Promise<{ failures: number; lockedForMs: number }> {
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<{ failures: number }>(
      `insert into login_failures (email_sha256, failures, last_failed_at) values ($1, 1, $2)
       on conflict (email_sha256) do update set
         failures = case when login_failures.last_failed_at < $3 then 1 else login_failures.failures + 1 end,
         last_failed_at = greatest(login_failures.last_failed_at, $2)
       returning failures`,
      [keyOf(email), new Date(now), new Date(now - lockOut.forgetAfterMs)]
    )
    const failures = rows[0]?.failures ?? 1
    const lockedForMs = lockMs(failures)
    if (lockedForMs > 0) {
      await client.query(
        'update login_failures set locked_until = greatest(locked_until, $2) where email_sha256 = $1',
        [keyOf(email), new Date(now + lockedForMs)]
      )
    }
    return { failures, lockedForMs }
  })
}

export async function forgetFailures(client: PoolClient, email: string): Promise<void> {
  await client.query('delete from login_failures where email_sha256 = $1', [keyOf(email)])
}
