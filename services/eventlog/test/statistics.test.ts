import {
  windowWidthsMs,
  type StatisticsSeries,
  type StatisticsSummary,
  type Window,
  type WindowChange
} from '@gavel/contracts/api/statistics.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { windowsIn } from '../src/domain/windows.ts'
import { trimStatistics } from '../src/store/trim-statistics.ts'
import { asUnrecorded, record } from './log-under-test.ts'
import { aBusyTime, plainDurations, plainParts, plainRows, subjectsOf } from './plain-statistics.ts'
import { runEventlog } from './running-eventlog.ts'
import { subscribe } from './sse.ts'
import { aUser, dice, START, type Told } from './stories.ts'

/** Figures folded by two processes at once from a log that gets its events shuffled and late; told is what a plain recount gives. */

let postgres: Awaited<ReturnType<typeof freshPostgres>>
let log: Awaited<ReturnType<typeof runEventlog>>
let other: Awaited<ReturnType<typeof runEventlog>>
let admin: { authorization: string }
const told: Told[] = []
const range = { from: Math.floor(START / 60_000) * 60_000, to: START + 600_000 }

/** In any order, in batches of any size. */
async function tell(events: readonly Told[], roll: (bound: number) => number): Promise<void> {
  const left = events
    .map((event) => ({ event, place: roll(1_000_000) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ event }) => event)
  while (left.length > 0) {
    const batch = left.splice(0, 1 + roll(40))
    await record(log.pool, batch.map(asUnrecorded))
    told.push(...batch)
  }
}
const counted = (): Promise<StatisticsSummary> =>
  eventually(
    async () => {
      const summary: StatisticsSummary = await get('', range)
      return summary.position === summary.headPosition && summary
    },
    { what: 'all events to be counted' }
  )
async function get<Answer>(path: string, query: Record<string, string | number> = {}): Promise<Answer> {
  const text = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])
  )
  const answer = await log.app.inject({ url: `/api/statistics${path}?${text.toString()}`, headers: admin })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
async function storedRows(): Promise<string[]> {
  const { rows } = await log.pool.query<{
    figure: string
    window_ms: number
    window_start: Date
    subject: string
    label: string
    value: number
  }>(`select * from statistics where figure <> 'saga-durations'`)
  const names = new Map(Object.entries(windowWidthsMs).map(([name, width]) => [width, name]))
  return rows
    .map(
      ({ figure, window_ms, window_start, subject, label, value }) =>
        `${figure} ${names.get(window_ms as never)} ${window_start.getTime()} ${subject || '-'} ${label} ${value}`
    )
    .toSorted()
}

beforeAll(async () => {
  postgres = await freshPostgres('eventlog')
  log = await runEventlog({ postgresUrl: postgres.url })
  other = await runEventlog({ postgresUrl: postgres.url })
  admin = await log.signIn('alice', 'admin')
  await tell(aBusyTime('first', 30, dice(3)), dice(4))
})
afterAll(async () => {
  await log.stop()
  await other.stop()
  await postgres.release()
})

test('every window of every figure is what a plain recount gives', async () => {
  await counted()
  expect(await storedRows()).toEqual(plainRows(told))
})

test('the summary, series and lists of a range are those of its events', async () => {
  const summary = await counted()
  const whole = { from: summary.from, to: summary.to }
  const { accepted = 0, ...refusals } = plainParts(told, 'bids', whole)
  const refused = Object.values(refusals).reduce((sum, each) => sum + each, 0)
  const { confirmed, ordered, ...failures } = plainParts(told, 'sales', whole)
  expect(summary).toMatchObject({
    window: 'minute',
    bids: { accepted, refused, refusals, acceptedShare: accepted / (accepted + refused) },
    sales: { confirmed, ordered, failures },
    revenue: plainParts(told, 'revenue', whole),
    piecesSold: plainParts(told, 'pieces', whole)['sold'],
    registrations: plainParts(told, 'registrations', whole)['bidder']
  })
  const durations = plainDurations(told, 'OrderCreated', whole)
  expect(summary.sagaDurations.ordered.count).toBe(durations.length)
  const median = durations[Math.ceil(durations.length / 2) - 1]!
  expect(Math.abs(summary.sagaDurations.ordered.p50Ms! - median)).toBeLessThanOrEqual(median * 0.011 + 1)
  expect(summary.sagaDurations.failed.count).toBe(plainDurations(told, 'BidFailed', whole).length)

  const subject = subjectsOf(told).find((each) => each.startsWith('first-'))!
  for (const [figure, window, of] of [
    ['bids', 'second', undefined],
    ['bids', 'second', subject],
    ['sales', 'minute', undefined],
    ['revenue', 'minute', 'lamp'],
    ['pieces', 'hour', 'chair']
  ] as const) {
    const series: StatisticsSeries = await get('/series', { figure, window, ...range, ...(of && { subject: of }) })
    const points = windowsIn(window, series).map((at) => ({
      at,
      by: plainParts(told, figure, { from: at, to: at + windowWidthsMs[window] }, of)
    }))
    expect(series).toMatchObject({ figure, window, points, position: summary.position })
  }

  const sagas = await get<{ points: { at: number; count: number }[] }>('/saga-durations', {
    window: 'minute',
    ...range
  })
  expect(sagas.points.map(({ count }) => count)).toEqual(
    sagas.points.map(({ at }) => plainDurations(told, 'OrderCreated', { from: at, to: at + 60_000 }).length)
  )
  for (const [by, figure, label, kind] of [
    ['revenue', 'revenue', 'USD', 'product'],
    ['bids', 'bids', undefined, 'auction']
  ] as const) {
    const { items } = await get<{ items: object[] }>('/top', { by, ...range, limit: 5 })
    const expected = subjectsOf(told)
      .map((id) => ({ id, parts: plainParts(told, figure, whole, id) }))
      .map(({ id, parts }) => ({
        kind,
        id,
        value: label ? (parts[label] ?? 0) : Object.values(parts).reduce((sum, each) => sum + each, 0)
      }))
      .filter(({ value }) => value > 0)
      .toSorted((left, right) => right.value - left.value || (left.id < right.id ? -1 : 1))
    expect(items).toEqual(expected.slice(0, 5))
  }
  const metrics = (await other.app.inject({ url: '/metrics' })).body
  expect(metrics).toMatch(new RegExp(`gavel_statistics_bids\\{[^}]*outcome="accepted"[^}]*\\} ${accepted}\n`))
  expect(metrics).toMatch(new RegExp(`gavel_statistics_sales\\{[^}]*outcome="ordered"[^}]*\\} ${ordered}\n`))
})

test('a series and the stream behind it, broken off and resumed, together are the series of later; late events correct it', async () => {
  const query = { figure: 'bids', window: 'second' as Window, ...range }
  const series: StatisticsSeries = await get('/series', query)
  const known = new Map(series.points.map(({ at, by }) => [at, by]))
  const url = `/api/statistics/stream?window=second&figure=bids&from=${series.position}`
  const take = (changes: readonly WindowChange[]): void => {
    for (const { at, by, figure, subject } of changes) {
      expect([figure, subject]).toEqual(['bids', undefined])
      known.set(at, by!)
    }
  }
  const first = await subscribe(log.url + url, admin)
  const roll = dice(8)
  // As late as can be: their time is that of windows which were told long ago.
  await tell([...aBusyTime('second', 10, roll), { ...aUser('late'), time: START - 120_000 }], roll)
  await eventually(() => first.events.length > 3)
  first.close()
  await first.ended
  take(first.events as never)
  await tell(aBusyTime('third', 10, roll), roll)
  const place = first.lastEventId()
  const second = await subscribe(other.url + url, {
    ...(await other.signIn('alice', 'admin')),
    ...(place !== undefined && { 'last-event-id': place })
  })
  await counted()
  const later: StatisticsSeries = await get('/series', query)
  await eventually(() => {
    take(second.events as never)
    expect(series.points.map(({ at }) => ({ at, by: known.get(at) }))).toEqual(later.points)
    return true
  })
  second.close()
  await second.ended
  expect(await storedRows()).toEqual(plainRows(told))
  const late = await Promise.all([log, other].map(async ({ app }) => (await app.inject({ url: '/metrics' })).body))
  expect(late.join('')).toMatch(/gavel_statistics_events_total\{[^}]*timing="late"[^}]*\} [1-9]/)
})

test('without a place a stream begins now, and tells durations of sales too', async () => {
  const { position } = await counted()
  const stream = await subscribe(`${log.url}/api/statistics/stream?window=hour&figure=saga-durations`, admin)
  await tell(aBusyTime('fourth', 3, dice(5)), dice(6))
  await counted()
  const change = await eventually(() => stream.events.at(-1) as unknown as WindowChange)
  expect(change).toMatchObject({ figure: 'saga-durations', durations: { ordered: { p50Ms: expect.any(Number) } } })
  expect(Number(stream.lastEventId())).toBeGreaterThan(position)
  stream.close()
  await stream.ended
})

test('figures of an older way of counting are made anew from the whole log', async () => {
  await counted()
  await log.pool.query(`update statistics set value = value + 1; update statistics_progress set fold_version = 0`)
  // Something new wakes the counting.
  await tell(aBusyTime('fifth', 1, dice(1)), dice(1))
  await eventually(async () => expect(await storedRows()).toEqual(plainRows(told)) ?? true)
})

test('narrow windows are let go, and a late event does not bring half of one back', async () => {
  await counted()
  const middle = START + 5_000
  await trimStatistics(log.pool, middle, { secondsMs: 0, minutesMs: 3_600_000 })
  await tell(aBusyTime('sixth', 3, dice(2)), dice(2))
  await counted()
  const kept = Math.floor(middle / 1_000) * 1_000
  const isKept = (row: string): boolean => row.split(' ')[1] !== 'second' || Number(row.split(' ')[2]) >= kept
  expect(await storedRows()).toEqual(plainRows(told).filter(isKept))
  const series: StatisticsSeries = await get('/series', { figure: 'bids', window: 'second', ...range })
  expect([series.keptFrom, series.from]).toEqual([kept, kept])
})

test.each([
  '?from=5&to=5',
  '?window=second',
  '?color=red',
  '/series?figure=bids',
  '/series?figure=bids&window=week',
  '/series?figure=bids&window=second&from=0&to=9000000000',
  '/series?figure=bids&window=second&subject=a%20b',
  '/saga-durations?window=second',
  '/top?by=luck',
  '/top?by=revenue&currency=usd',
  '/top?by=bids&limit=0',
  '/stream?window=second&from=-1',
  '/stream?figure=bids'
])('%s is refused as it stands', async (path) => {
  const answer = await log.app.inject({ url: `/api/statistics${path}`, headers: admin })
  expect(answer.json()).toMatchObject({ status: 400, code: 'INVALID_INPUT' })
})

test.each([
  '',
  '/series?figure=bids&window=hour',
  '/saga-durations?window=hour',
  '/top?by=bids',
  '/stream?window=hour'
])('%s is for admins', async (path) => {
  const url = `/api/statistics${path}`
  expect((await log.app.inject({ url })).json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  const bidder = await log.signIn('bob')
  expect((await log.app.inject({ url, headers: bidder })).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
})
