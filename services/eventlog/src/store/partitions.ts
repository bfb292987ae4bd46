import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool } from 'pg'

/** Any number; advisory locks are the database's own. */
const UPKEEP_LOCK = 4_283_500_011

const monthLater = (at: number, months: number): Date => {
  const date = new Date(at)
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1))
}

/**
 * Makes the partitions of this month and of `monthsAhead` more, as far as they lack.
 * @returns how many were made, or `undefined` where another process is at it.
 */
export function makePartitions(pool: Pool, now: number, monthsAhead: number): Promise<number | undefined> {
  return transaction(pool, async (client) => {
    const lock = await client.query<{ taken: boolean }>('select pg_try_advisory_xact_lock($1) as taken', [UPKEEP_LOCK])
    if (!lock.rows[0]!.taken) return undefined
    let made = 0
    for (let months = 0; months <= monthsAhead; months += 1) {
      const { rows } = await client.query<{ made: boolean }>('select make_events_partition($1) as made', [
        monthLater(now, months)
      ])
      if (rows[0]!.made) made += 1
    }
    return made
  })
}
