import { windowWidthsMs, type Window } from '@gavel/contracts/api/statistics.ts'
import { transaction, type Queryable } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import type { StoredFigure } from '../domain/statistics.ts'
import type { Watched } from './head-watch.ts'
import { STATISTICS_CHANNEL } from './fold-log.ts'

export interface Freshness {
  position: number
  headPosition: number
  keptFrom: Record<Window, number>
}

/** Works on one moment of the figures, so that they hold the events up to the position that is told with them and no others. */
export function atOneMoment<T>(pool: Pool, work: (client: PoolClient, freshness: Freshness) => Promise<T>): Promise<T> {
  return transaction(pool, async (client) => {
    await client.query('set transaction isolation level repeatable read read only')
    return await work(client, await readFreshness(client))
  })
}

export async function readFreshness(client: Queryable): Promise<Freshness> {
  const { rows } = await client.query<{
    position: number
    head: number
    seconds_kept_from: Date
    minutes_kept_from: Date
  }>(
    `select statistics_progress.position, log_head.position as head, seconds_kept_from, minutes_kept_from
       from statistics_progress, log_head`
  )
  const { position, head, seconds_kept_from, minutes_kept_from } = rows[0]!
  return {
    position,
    headPosition: head,
    keptFrom: { second: seconds_kept_from.getTime(), minute: minutes_kept_from.getTime(), hour: 0, day: 0 }
  }
}

export interface WindowRange {
  window: Window
  from: number
  /** Excluded. */
  to: number
}

/** All figures of all subjects together, added up over a range. */
export async function sumFigures(
  client: Queryable,
  { window, from, to }: WindowRange
): Promise<{ figure: StoredFigure; label: string; value: number }[]> {
  const { rows } = await client.query<{ figure: StoredFigure; label: string; value: number }>(
    `select figure, label, sum(value)::bigint as value
       from statistics
      where figure in ('bids', 'sales', 'revenue', 'pieces', 'registrations', 'saga-durations')
        and window_ms = $1
        and subject = ''
        and window_start >= $2 and window_start < $3
      group by figure, label`,
    [windowWidthsMs[window], new Date(from), new Date(to)]
  )
  return rows
}

/** Parts of the windows of a range that have any, by the beginning of each. */
export async function findWindows(
  client: Queryable,
  { figure, subject, window, from, to }: WindowRange & { figure: StoredFigure; subject: string }
): Promise<Map<number, Record<string, number>>> {
  const { rows } = await client.query<{ window_start: Date; parts: Record<string, number> }>(
    `select window_start, jsonb_object_agg(label, value) as parts
       from statistics
      where figure = $1
        and window_ms = $2
        and subject = $3
        and window_start >= $4 and window_start < $5
      group by window_start`,
    [figure, windowWidthsMs[window], subject, new Date(from), new Date(to)]
  )
  return new Map(rows.map(({ window_start, parts }) => [window_start.getTime(), parts]))
}

/** The subjects with the most of something, ties by name. */
export async function findTop(
  client: Queryable,
  { figure, label, window, from, to, limit }: WindowRange & { figure: StoredFigure; label?: string; limit: number }
): Promise<{ subject: string; value: number }[]> {
  const { rows } = await client.query<{ subject: string; value: number }>(
    `select subject, sum(value)::bigint as value
       from statistics
      where figure = $1
        and window_ms = $2
        and window_start >= $3 and window_start < $4
        and subject <> ''
        and ($5::text is null or label = $5)
      group by subject
      order by value desc, subject
      limit $6`,
    [figure, windowWidthsMs[window], new Date(from), new Date(to), label ?? null, limit]
  )
  return rows
}

export interface ChangedWindow {
  changedPosition: number
  figure: StoredFigure
  subject: string
  at: number
  parts: Record<string, number>
}

export interface ChangeFilter {
  window: Window
  figure?: StoredFigure | undefined
  subject?: string | undefined
}

/** A place among the changed windows: they are in the order of their last change, those of one change in an order of their own. */
export interface ChangePlace {
  changedPosition: number
  figure: string
  subject: string
  at: number
}
/** Behind all windows that changed last at a position: no figure's name is above this. */
export const behindAll = (position: number): ChangePlace => ({
  changedPosition: position,
  figure: '~',
  subject: '',
  at: 0
})

/** Windows that changed behind a place and up to a position, each whole. Only those of all together, unless a subject is named. */
export async function findChanges(
  client: Queryable,
  { window, figure, subject }: ChangeFilter,
  { behind, upTo, limit }: { behind: ChangePlace; upTo: number; limit: number }
): Promise<ChangedWindow[]> {
  const { rows } = await client.query<{
    changed_position: number
    figure: StoredFigure
    subject: string
    window_start: Date
    parts: Record<string, number>
  }>(
    `with changed as (
       select figure, subject, window_start, max(changed_position) as changed_position
         from statistics
        where window_ms = $1
          and changed_position >= $2 and changed_position <= $3
          and ($4::text is null or figure = $4)
          and subject = $5
        group by figure, subject, window_start
       having (max(changed_position), figure, subject, window_start) > ($2, $6::text, $7::text, $8::timestamptz)
        order by 4, 1, 2, 3
        limit $9)
     select changed.changed_position, figure, subject, window_start, jsonb_object_agg(label, value) as parts
       from changed
       join statistics using (figure, subject, window_start)
      where window_ms = $1
      group by changed.changed_position, figure, subject, window_start
      order by 1, 2, 3, 4`,
    [
      windowWidthsMs[window],
      behind.changedPosition,
      upTo,
      figure ?? null,
      subject ?? '',
      behind.figure,
      behind.subject,
      new Date(behind.at),
      limit
    ]
  )
  return rows.map(({ changed_position, window_start, ...row }) => ({
    ...row,
    changedPosition: changed_position,
    at: window_start.getTime()
  }))
}

/** The figures, as something to watch. */
export const theStatistics: Watched = {
  channel: STATISTICS_CHANNEL,
  readPosition: async (pool) => (await readFreshness(pool)).position
}
