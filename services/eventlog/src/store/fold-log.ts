import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { windowWidthsMs } from '@gavel/contracts/api/statistics.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { countedTypes, FOLD_VERSION, growthOf, type Growth } from '../domain/statistics.ts'
import { windowStart } from '../domain/windows.ts'
import { eventColumns, toEvent, type RawEvent } from './event-rows.ts'
import { readHead } from './read-events.ts'
import { tellSagas } from './sagas.ts'

/** Announced at each commit, with the position up to which the figures are. */
export const STATISTICS_CHANNEL = 'statistics'

/** Positions of one transaction. An entry of a hot auction is some 300 kB in memory. */
const BATCH = 200

export interface Folded {
  /** Up to where the figures are. */
  position: number
  /** Events that were counted, and those among them whose minute was over when they came. */
  counted: number
  late: number
}

interface Progress {
  fold_version: number
  position: number
  stream_time: Date
  seconds_kept_from: Date
  minutes_kept_from: Date
}

/**
 * Counts the next events of the log, and tells the sales anew that they are of. Figures, sagas and position are one transaction, and its lock lets one process at a time do it: each
 * event counts once, whatever dies when. Positions have no holes and become visible in their order (ADR 0006), so none is missed.
 * Undefined where a newer fold has taken over.
 */
export function foldLog(pool: Pool): Promise<Folded | undefined> {
  return transaction(pool, async (client) => {
    const progress = await lockProgress(client)
    if (progress.fold_version > FOLD_VERSION) return undefined
    const head = await readHead(client)
    const upTo = Math.min(head.position, progress.position + BATCH)
    if (upTo === progress.position) return { position: upTo, counted: 0, late: 0 }
    const events = await readCounted(client, progress.position, upTo)
    const growth = growthOf(events, {
      second: progress.seconds_kept_from.getTime(),
      minute: progress.minutes_kept_from.getTime()
    })
    await add(client, growth, upTo)
    await tellSagas(client, progress.position, upTo)
    const before = progress.stream_time.getTime()
    await client.query(
      `with moved as (update statistics_progress set position = $1, stream_time = $2)
       select pg_notify('${STATISTICS_CHANNEL}', $3)`,
      [upTo, new Date(Math.max(before, ...events.map(({ time }) => time))), String(upTo)]
    )
    const late = events.filter(({ time }) => time < windowStart('minute', before)).length
    return { position: upTo, counted: events.length, late }
  })
}

/** With figures of the fold that runs here: those of an older one are thrown away, and the log is counted from its beginning. */
async function lockProgress(client: PoolClient): Promise<Progress> {
  const { rows } = await client.query<Progress>(
    `select fold_version, position, stream_time, seconds_kept_from, minutes_kept_from from statistics_progress for update`
  )
  const progress = rows[0]!
  if (progress.fold_version >= FOLD_VERSION) return progress
  await client.query('delete from statistics')
  await client.query('delete from sagas')
  await client.query('update statistics_progress set fold_version = $1, position = 0, stream_time = to_timestamp(0)', [
    FOLD_VERSION
  ])
  return { ...progress, position: 0, stream_time: new Date(0) }
}

async function readCounted(client: PoolClient, after: number, upTo: number): Promise<RecordedEvent[]> {
  const { rows } = await client.query<RawEvent>(
    `select ${eventColumns}
       from events
      where position > $1 and position <= $2
        and type = any($3::text[])
      order by position`,
    [after, upTo, countedTypes]
  )
  return rows.map(toEvent)
}

async function add(client: PoolClient, growth: readonly Growth[], position: number): Promise<void> {
  if (growth.length === 0) return
  await client.query(
    `insert into statistics (figure, window_ms, window_start, subject, label, value, changed_position)
     select growth.*, $7::bigint
       from unnest($1::text[], $2::integer[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[]) as growth
         on conflict (figure, window_ms, window_start, subject, label) do update
        set value = statistics.value + excluded.value, changed_position = excluded.changed_position`,
    [
      growth.map(({ figure }) => figure),
      growth.map(({ window }) => windowWidthsMs[window]),
      growth.map(({ start }) => new Date(start)),
      growth.map(({ subject }) => subject),
      growth.map(({ label }) => label),
      growth.map(({ value }) => value),
      position
    ]
  )
}
