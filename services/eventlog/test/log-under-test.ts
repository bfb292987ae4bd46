import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { Secret } from '@gavel/platform/config.ts'
import { createPool, type Pool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import { freshPostgres } from '../../../test/support/database.ts'
import type { Unrecorded } from '../src/domain/chain.ts'
import { appendEvents } from '../src/store/append-events.ts'
import { findEvents } from '../src/store/read-events.ts'
import type { Told } from './stories.ts'

/** The log's store on a database of its own, and builders of what it is given. */

export async function aLog(poolMax = 6) {
  const postgres = await freshPostgres('eventlog')
  const context = createContext({ name: 'eventlog', logLevel: 'silent' })
  const pool = createPool({ url: new Secret(postgres.url), poolMax }, context)
  return {
    context,
    pool,
    url: postgres.url,
    release: async () => {
      await context.closers.closeAll(10_000)
      await postgres.release()
    }
  }
}

export const anEvent = (number: number | string, over: Partial<Unrecorded> = {}): Unrecorded => ({
  eventId: `event-${number}`,
  type: 'gavel.UserRegistered.v1',
  source: 'test',
  subject: `user-${number}`,
  topic: 'users',
  partition: 0,
  offset: typeof number === 'number' ? number : 0,
  key: `user-${number}`,
  time: 1_700_000_000_000,
  data: { userId: `user-${number}` },
  ...over
})

/** Appends events, all at once. */
export const record = (pool: Pool, events: readonly Unrecorded[], now = Date.now()): Promise<RecordedEvent[]> =>
  appendEvents(pool, events, now)

export const wholeLog = (pool: Pool): Promise<RecordedEvent[]> =>
  findEvents(pool, { from: 1, to: Number.MAX_SAFE_INTEGER, limit: 100_000 })

/** What other services told, as the log is given it. */
export const asUnrecorded = (
  { topic, definition, id, source, subject, key, time, data }: Told,
  offset: number
): Unrecorded => ({
  eventId: id,
  type: definition.type,
  source,
  subject,
  topic: topic.name,
  partition: 0,
  offset,
  key,
  time,
  data: data as Record<string, unknown>
})
