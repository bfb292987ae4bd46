import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import type { ServiceContext } from '../service.ts'

interface WithId {
  id: string
}

/**
 * The events of a delivery that this group has not handled before, in their order. Call it in the transaction that has the
 * effect: then both are stored or neither is, and a second delivery has no second effect.
 */
export async function takeNew<Event extends WithId>(
  client: PoolClient,
  group: string,
  events: readonly Event[]
): Promise<Event[]> {
  if (events.length === 0) return []
  // Sorted, so that two deliveries of the same events meet in one order and cannot deadlock.
  const ids = [...new Set(events.map(({ id }) => id))].sort()
  const { rows } = await client.query<{ event_id: string }>(
    `insert into inbox (consumer_group, event_id)
     select $1, event_id from unnest($2::text[]) as event_id
     on conflict do nothing
     returning event_id`,
    [group, ids]
  )
  const fresh = new Set(rows.map((row) => row.event_id))
  // The same id twice within one delivery is taken once.
  return events.filter(({ id }) => fresh.delete(id))
}

/** At most this many rows are removed in one statement. */
const SWEEP_ROWS = 5000

export interface InboxSweepOptions {
  /** Longer than any topic keeps its events, or an old one that comes again would count as new. */
  retentionMs?: number
  everyMs?: number
}

/** Removes old event ids in small bites, now and then, until the context ends. */
export function startInboxSweep(context: ServiceContext, pool: Pool, options: InboxSweepOptions = {}): void {
  const retentionMs = options.retentionMs ?? 35 * 24 * 60 * 60 * 1000
  const everyMs = options.everyMs ?? 10 * 60 * 1000
  const stopping = new AbortController()
  const running = sweepUntilStopped(context, pool, { retentionMs, everyMs, signal: stopping.signal })
  context.closers.add(
    'inbox sweep',
    async () => {
      stopping.abort()
      await running
    },
    'relays'
  )
}

interface Sweep {
  retentionMs: number
  everyMs: number
  signal: AbortSignal
}

async function sweepUntilStopped(
  context: ServiceContext,
  pool: Pool,
  { retentionMs, everyMs, signal }: Sweep
): Promise<void> {
  while (!signal.aborted) {
    try {
      while (!signal.aborted && (await sweepInbox(pool, retentionMs)) === SWEEP_ROWS);
    } catch (error) {
      context.log.debug({ error }, 'The inbox could not be swept')
    }
    await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

export async function sweepInbox(pool: Pool, retentionMs: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from inbox where ctid = any(array(
       select ctid from inbox where received_at < now() - $1 * interval '1 millisecond' limit $2))`,
    [retentionMs, SWEEP_ROWS]
  )
  return rowCount ?? 0
}
