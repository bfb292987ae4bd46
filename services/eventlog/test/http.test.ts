import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/database.ts'
import { hashOf } from '../src/domain/chain.ts'
import { anEvent, record, wholeLog } from './log-under-test.ts'
import { runEventlog } from './running-eventlog.ts'

let log: Awaited<ReturnType<typeof runEventlog>>
let admin: { authorization: string }
let all: RecordedEvent[]
const releases: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  const postgres = await freshPostgres('eventlog')
  log = await runEventlog({ postgresUrl: postgres.url })
  releases.push(log.stop, () => postgres.release())
  admin = await log.signIn('alice', 'admin')
  for (let number = 1; number <= 30; number += 1) {
    const over = number % 3 === 0 ? { topic: 'orders', type: 'gavel.OrderCreated.v1', data: {} } : {}
    await record(log.pool, [anEvent(number, { key: `key-${number % 2}`, time: number * 1_000, ...over })])
  }
  all = await wholeLog(log.pool)
})
afterAll(async () => {
  for (const release of releases) await release()
})

type Headers = Record<string, string>
const get = async (url: string, headers: Headers = admin) => (await log.app.inject({ url, headers })).json() as never

/** Follows the cursor to the end and answers the positions of all pages. */
async function pages(query: string): Promise<number[]> {
  const seen: number[] = []
  let cursor: string | undefined
  do {
    const page: { items: RecordedEvent[]; nextCursor?: string } = await get(
      `/api/events?limit=4${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`
    )
    expect(page.items.length).toBeLessThanOrEqual(4)
    seen.push(...page.items.map(({ position }) => position))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return seen
}
const where = (keep: (position: number) => boolean): number[] => all.map(({ position }) => position).filter(keep)

describe('listing', () => {
  test.each<[string, (position: number) => boolean]>([
    ['', () => true],
    ['&from=11', (position) => position >= 11],
    ['&from=99', () => false],
    ['&topic=orders', (position) => position % 3 === 0],
    ['&type=gavel.OrderCreated.v1&key=key-0', (position) => position % 6 === 0],
    ['&subject=user-7', (position) => position === 7],
    ['&after=10000&before=20000', (position) => position >= 10 && position < 20],
    ['&topic=stock', () => false]
  ])('%s: every event that fits, once over all pages, both ways', async (query, keep) => {
    expect(await pages(query)).toEqual(where(keep))
    if (!query.includes('from=')) expect(await pages(`${query}&order=newest-first`)).toEqual(where(keep).toReversed())
  })

  test('newest first begins where it is told', async () => {
    expect(await pages('&order=newest-first&from=9')).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1])
  })

  test('shows events whole: whoever reads them can compute the chain', async () => {
    const { items }: { items: RecordedEvent[] } = await get('/api/events?limit=200')
    expect(items).toEqual(all)
    expect(items.map(hashOf)).toEqual(items.map(({ hash }) => hash))
    expect(items.slice(1).map(({ previousHash }) => previousHash)).toEqual(items.slice(0, -1).map(({ hash }) => hash))
  })
})

test('one event is read by its id', async () => {
  expect(await get('/api/events/event-6')).toEqual(all[5])
  expect(await get('/api/events/event-6?topic=orders')).toEqual(all[5])
  expect(await get('/api/events/event-6?topic=users')).toMatchObject({ status: 404, code: 'EVENT_NOT_FOUND' })
  expect(await get('/api/events/event-99')).toMatchObject({ status: 404, code: 'EVENT_NOT_FOUND' })
})

test('a range is verified, up to the end of the log', async () => {
  const head = { position: 30, hash: all[29]!.hash }
  expect(await get('/api/events/verify')).toEqual({ from: 1, to: 30, checked: 30, valid: true, head })
  expect(await get('/api/events/verify?from=5&to=9')).toEqual({ from: 5, to: 9, checked: 5, valid: true, head })
  expect(await get('/api/events/verify?from=31')).toEqual({ from: 31, to: 30, checked: 0, valid: true, head })
})

const paths = [
  '/api/events',
  '/api/events/event-1',
  '/api/events/stream',
  '/api/events/verify',
  '/api/history/auctions/a',
  '/api/history/orders/a.1',
  '/api/history/products/p'
]
test.each(paths)('%s is for admins', async (url) => {
  expect(await get(url, {})).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  expect(await get(url, await log.signIn('bob'))).toMatchObject({ status: 403, code: 'FORBIDDEN' })
})

describe('bad input is a problem with its code', () => {
  const newest = Buffer.from('newest-first~7').toString('base64url')
  test.each([
    ['/api/events?limit=0'],
    ['/api/events?limit=100000'],
    ['/api/events?from=0'],
    ['/api/events?from=two'],
    ['/api/events?from=9007199254740993'],
    ['/api/events?topic=nonsense'],
    ['/api/events?type=a%20b'],
    ['/api/events?key=a%00b'],
    ['/api/events?subject='],
    ['/api/events?after=-1'],
    ['/api/events?before=9999999999999999'],
    ['/api/events?color=red'],
    ['/api/events?order=random'],
    ['/api/events?cursor=nonsense'],
    [`/api/events?cursor=${newest}`],
    ['/api/events/a%00b'],
    ['/api/events/event-1?topic=x'],
    ['/api/events/stream?from=0'],
    ['/api/events/stream?limit=5'],
    ['/api/events/stream', { 'last-event-id': 'abc' }],
    ['/api/events/stream', { 'last-event-id': '-1' }],
    ['/api/events/stream', { 'last-event-id': '9007199254740993' }],
    ['/api/events/verify?from=5&to=4'],
    ['/api/events/verify?from=0'],
    ['/api/history/auctions/a%20b'],
    ['/api/history/orders/none'],
    ['/api/history/products/p?at=-5'],
    ['/api/history/products/p?at=yesterday']
  ])('%s %j', async (url, headers: Headers = {}) => {
    const answer = await log.app.inject({ url, headers: { ...admin, ...headers } })
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json()).toMatchObject({ status: 400, code: 'INVALID_INPUT' })
  })
})

test('a long log is verified piece by piece', async () => {
  const batch = (number: number) => Array.from({ length: 2_010 }, (_, index) => anEvent(100 + number * 2_010 + index))
  for (let number = 0; number < 5; number += 1) await record(log.pool, batch(number))
  expect(await get('/api/events/verify')).toMatchObject({ to: 10_000, checked: 10_000, valid: true, nextFrom: 10_001 })
  const rest: object = await get('/api/events/verify?from=10001')
  expect(rest).toMatchObject({ from: 10_001, to: 10_080, checked: 80, valid: true })
  expect(rest).not.toHaveProperty('nextFrom')
})

test('a history of too many events is refused and not half told', async () => {
  await log.pool.query(`
    insert into events (position, event_id, type, source, topic, kafka_partition, kafka_offset, key, time, recorded_at, data,
                        previous_hash, hash)
    select 1000000 + number, 'flood-' || number, 'gavel.Flood.v1', 'test', 'stock', 0, number, 'flood', now(), now(), '{}', hash, hash
      from generate_series(1, 50001) as number, (select hash from log_head) as head`)
  expect(await get('/api/history/products/flood')).toMatchObject({
    status: 422,
    code: 'HISTORY_TOO_LONG',
    limit: 50_000
  })
})
