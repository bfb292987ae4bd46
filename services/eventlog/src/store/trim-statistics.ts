import { windowWidthsMs } from '@gavel/contracts/api/statistics.ts'
import type { Pool } from 'pg'
import { windowStart } from '../domain/windows.ts'

export interface Keeping {
  secondsMs: number
  minutesMs: number
}

/** Rows that one statement removes. */
const BITE = 5_000

/**
 * Lets narrow windows go that are older than is kept. First the mark moves, so that no late event begins such a window anew and no
 * reader is shown half of it; then the rows go, in bites.
 */
export async function trimStatistics(pool: Pool, now: number, { secondsMs, minutesMs }: Keeping): Promise<void> {
  const seconds = new Date(Math.max(0, windowStart('second', now - secondsMs)))
  const minutes = new Date(Math.max(0, windowStart('minute', now - minutesMs)))
  await pool.query(
    `update statistics_progress
        set seconds_kept_from = greatest(seconds_kept_from, $1), minutes_kept_from = greatest(minutes_kept_from, $2)`,
    [seconds, minutes]
  )
  await remove(pool, windowWidthsMs.second, seconds)
  await remove(pool, windowWidthsMs.minute, minutes)
}

async function remove(pool: Pool, windowMs: number, before: Date): Promise<void> {
  for (let removed = BITE; removed === BITE;) {
    const { rowCount } = await pool.query(
      `delete from statistics
        where ctid = any(array(
          select ctid
            from statistics
           where figure in ('bids', 'sales', 'revenue', 'pieces', 'registrations', 'saga-durations')
             and window_ms = $1
             and window_start < $2
           limit $3))`,
      [windowMs, before, BITE]
    )
    removed = rowCount ?? 0
  }
}
