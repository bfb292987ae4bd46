import { reservations } from '@gavel/contracts/topics.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool } from 'pg'
import { reservationExpired } from './events.ts'
import { postponeExpired } from './reservation-rows.ts'

/** Questions of one transaction. */
const BATCH = 500

/**
 * Asks how sales ended that have held pieces for longer than any sale takes. Nothing is given back here: only order ends a sale, and pieces
 * given back on our own word might be sold by an order that is on its way.
 * @returns how many were asked about; call again while it is not zero.
 */
export function askAboutExpired(pool: Pool, now: number, { againMs }: { againMs: number }): Promise<number> {
  return transaction(pool, async (client) => {
    const expired = await postponeExpired(client, { now, againMs, limit: BATCH })
    await appendToOutbox(
      client,
      reservations,
      expired.map((each) => reservationExpired(each, now))
    )
    return expired.length
  })
}
