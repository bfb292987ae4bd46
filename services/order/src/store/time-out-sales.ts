import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import type { SaleEnd } from '../domain/batch.ts'
import { timeToGiveBack } from '../domain/clock.ts'
import type { Timeouts } from '../domain/progress.ts'
import { recordOnLocked } from './record-facts.ts'
import { lockOverdueSales } from './sale-rows.ts'

/** Sales ended in one transaction. */
const BATCH = 500

export interface SweepTerms {
  timeouts: Timeouts
  /** The clock of the sagas standing still for longer than this is an outage, and is given back. */
  outageMs: number
}

/**
 * Moves the sagas' clock to `caughtUpAt`, up to which everything published is known to have been read.
 * @returns how much time every open sale was given back, or `undefined` where another process is sweeping.
 */
export function advanceClock(pool: Pool, caughtUpAt: number, { outageMs }: SweepTerms): Promise<number | undefined> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ caught_up_at: Date | null }>(
      `select caught_up_at from saga_clock for update skip locked`
    )
    const row = rows[0]
    if (!row) return undefined
    const before = row.caught_up_at?.getTime()
    // Two processes: the later proof has been here already.
    if (before !== undefined && before >= caughtUpAt) return 0
    const giveBackMs = timeToGiveBack(before, caughtUpAt, outageMs)
    if (giveBackMs > 0) await postponeDeadlines(client, giveBackMs)
    await client.query(`update saga_clock set caught_up_at = $1`, [new Date(caughtUpAt)])
    return giveBackMs
  })
}

async function postponeDeadlines(client: PoolClient, byMs: number): Promise<void> {
  await client.query(
    `with held as (
       select order_number from sales where status = 'open' order by order_number for update
     )
     update sales
        set deadline_at = deadline_at + $1 * interval '1 millisecond'
       from held
      where sales.order_number = held.order_number`,
    [byMs]
  )
}

/** Fails open sales whose deadline is not after `caughtUpAt`, at most {@link BATCH} of them. Call again until it answers none. */
export function timeOutSales(
  pool: Pool,
  caughtUpAt: number,
  now: number,
  { timeouts }: SweepTerms
): Promise<SaleEnd[]> {
  return transaction(pool, async (client) => {
    const overdue = await lockOverdueSales(client, caughtUpAt, BATCH)
    if (overdue.size === 0) return []
    const facts = [...overdue.values()].map(({ sale }) => ({ sale, fact: { fact: 'deadline-passed' } as const }))
    return await recordOnLocked(client, overdue, facts, { now, at: caughtUpAt, timeouts })
  })
}
