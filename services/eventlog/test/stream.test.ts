import { connect } from 'node:net'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { eventSource } from '../src/event-source.ts'
import { anEvent, record, wholeLog } from './log-under-test.ts'
import { runEventlog } from './running-eventlog.ts'
import { subscribe, type Subscription } from './sse.ts'

type Running = Awaited<ReturnType<typeof runEventlog>>
let postgres: Awaited<ReturnType<typeof freshPostgres>>
let log: Running
let admin: { authorization: string }
const running: Running[] = []
const open: Subscription[] = []
const start = async (over: Partial<Parameters<typeof runEventlog>[0]> = {}): Promise<Running> => {
  const started = await runEventlog({ postgresUrl: postgres.url, ...over })
  running.push(started)
  return started
}
const follow = async (query: string, headers: Record<string, string> = {}, on = log): Promise<Subscription> => {
  const signed = on === log ? admin : await on.signIn('alice', 'admin')
  const subscription = await subscribe(`${on.url}/api/events/stream${query}`, { ...signed, ...headers })
  open.push(subscription)
  return subscription
}
beforeAll(async () => {
  postgres = await freshPostgres('eventlog')
  log = await start()
  admin = await log.signIn('alice', 'admin')
})
afterEach(async () => {
  for (const subscription of open.splice(0)) {
    subscription.close()
    await subscription.ended
  }
  for (const other of running.splice(1)) await other.stop()
})
afterAll(async () => {
  for (const each of running) await each.stop()
  await postgres.release()
})

const positionsOf = ({ events }: Subscription): number[] => events.map(({ position }) => position)
const head = async (): Promise<number> => (await wholeLog(log.pool)).length
const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)
let number = 0
const more = (count: number, over: object = {}) =>
  record(
    log.pool,
    Array.from({ length: count }, () => anEvent((number += 1), over))
  )

test('history runs into now without a gap and without a double, while events pour in', async () => {
  await more(300)
  let pouring = true
  const pour = async (): Promise<void> => {
    while (pouring) await more(1 + (number % 7))
  }
  const pourers = [pour(), pour(), pour()]
  const fromTheBeginning = await follow('')
  const fromTheMiddle = await follow('?from=150')
  await eventually(() => fromTheBeginning.events.length > 900)
  const late = await follow(`?from=${(await head()) + 1}`)
  await eventually(() => late.events.length > 100)
  pouring = false
  await Promise.all(pourers)
  const last = await head()
  await eventually(() =>
    [fromTheBeginning, fromTheMiddle, late].every(({ events }) => events.at(-1)?.position === last)
  )
  expect(positionsOf(fromTheBeginning)).toEqual(upTo(last))
  expect(positionsOf(fromTheMiddle)).toEqual(upTo(last, 150))
  expect(positionsOf(late)).toEqual(upTo(last, positionsOf(late)[0]))
  expect(fromTheBeginning.events).toEqual(await wholeLog(log.pool))
})

test('a reader that breaks off again and again, between two processes, has everything once', async () => {
  const other = await start()
  const first = await head()
  let pouring = true
  const pouringOut = (async () => {
    while (pouring) await more(5)
  })()
  const seen: number[] = []
  let lastEventId: string | undefined
  for (let round = 0; round < 6; round += 1) {
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    // The address keeps its `from`, as a browser's does; the header goes before it.
    const subscription = await follow(`?from=${first + 1}`, headers, round % 2 === 0 ? log : other)
    await eventually(() => subscription.events.length > 20, { everyMs: 5 })
    subscription.close()
    await subscription.ended
    seen.push(...positionsOf(subscription))
    lastEventId = subscription.lastEventId()
  }
  pouring = false
  await pouringOut
  const last = await head()
  const rest = await follow('', { 'last-event-id': lastEventId! })
  await eventually(() => rest.events.at(-1)?.position === last)
  expect([...seen, ...positionsOf(rest)]).toEqual(upTo(last, first + 1))
})

test('a filtered stream shows what fits and moves its place on with heartbeats', async () => {
  const quick = await start({ terms: { heartbeatMs: 50 } })
  const first = await head()
  await more(3, { key: 'wanted' })
  await more(60)
  const subscription = await follow(`?from=${first + 1}&key=wanted&topic=users`, {}, quick)
  await eventually(() => subscription.lastEventId() === String(first + 63))
  expect(subscription.heartbeats()).toBeGreaterThan(0)
  await more(1, { key: 'wanted' })
  await eventually(() => subscription.events.length === 4)
  expect(positionsOf(subscription)).toEqual([...upTo(first + 3, first + 1), first + 64])
})

test('events come by the slow look alone where notices are lost', async () => {
  const deaf = await start({ pollMs: 50 })
  const subscription = await follow(`?from=${(await head()) + 1}`, {}, deaf)
  await eventually(async () => {
    await log.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'eventlog log_head' and datname = current_database()`
    )
    await more(1)
    return subscription.events.length >= 3
  })
  const positions = positionsOf(subscription)
  expect(positions).toEqual(upTo(positions.at(-1)!, positions[0]))
})

test('a reader that takes nothing is let go, and what it held is freed', async () => {
  const strict = await start({ terms: { stallMs: 200 } })
  await more(40, { data: { text: 'x'.repeat(200_000) } })
  const { port } = new URL(strict.url)
  const { authorization } = await strict.signIn('alice', 'admin')
  const socket = connect({ port: Number(port), host: '127.0.0.1' })
  socket.write(`GET /api/events/stream HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\n\r\n`)
  socket.on('error', () => undefined)
  const figures = async (): Promise<string> => (await strict.app.inject({ url: '/metrics' })).body
  await eventually(async () => /streams_ended_total\{[^}]*reason="stalled"[^}]*\} 1\n/.test(await figures()))
  expect(await figures()).toMatch(/gavel_eventlog_streams(\{[^}]*\})? 0\n/)
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
})

test('streams end when the process does, and one too many is refused', async () => {
  const small = await start({ terms: { streamsMax: 1 } })
  const subscription = await follow(`?from=${(await head()) + 1}`, {}, small)
  const refused = await small.app.inject({
    url: '/api/events/stream',
    headers: await small.signIn('alice', 'admin')
  })
  expect(refused.json()).toMatchObject({ status: 503, code: 'UNAVAILABLE' })
  expect(await small.stop()).toBe(true)
  await subscription.ended
})

test('a stream ends with the token it was opened with', async () => {
  const { log: quiet } = log.context
  const stream = await log.streams.open(await head(), eventSource(log.pool, log.watches.log, {}), {
    expiresInMs: 100,
    log: quiet
  })
  let text = ''
  for await (const part of stream) text += part as string
  expect(text).toBe('retry: 1000\n\n')
  expect((await log.app.inject({ url: '/metrics' })).body).toMatch(
    /streams_ended_total\{[^}]*reason="expired"[^}]*\} 1\n/
  )
})

test('HEAD opens no stream', async () => {
  const answer = await log.app.inject({ method: 'HEAD', url: '/api/events/stream', headers: admin })
  expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
})
