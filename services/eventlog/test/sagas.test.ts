import type { Saga, SagaStory } from '@gavel/contracts/api/sagas.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { readFreshness } from '../src/store/read-statistics.ts'
import { asUnrecorded, record } from './log-under-test.ts'
import { runEventlog } from './running-eventlog.ts'
import { aSale, dice, START, type Told } from './stories.ts'

/** Sales seen by their events, which come shuffled: computed again from the same events in the plainest way. */

let postgres: Awaited<ReturnType<typeof freshPostgres>>
let log: Awaited<ReturnType<typeof runEventlog>>
let admin: { authorization: string }
const roll = dice(21)
const COUNT = 60
const numbers = Array.from({ length: COUNT }, (_, number) => `sale.${number}`)
/** Cut off at any step, as a saga that hangs there, every third time. */
const stories = new Map<string, Told[]>(
  numbers.map((orderNumber, index) => {
    const whole = aSale(orderNumber, roll, { confirmedAt: START + roll(100_000), productId: `product-${index % 4}` })
    return [orderNumber, index % 3 === 0 ? whole.slice(0, 1 + roll(whole.length)) : whole]
  })
)
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

beforeAll(async () => {
  postgres = await freshPostgres('eventlog')
  log = await runEventlog({ postgresUrl: postgres.url })
  admin = await log.signIn('alice', 'admin')
  const canary = aSale('canary-1.0', dice(2), { confirmedAt: START })
  const events = [...[...stories.values()].flat(), ...canary]
    .map((event) => ({ event, place: roll(1_000_000) }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ event }, index) => ({ ...asUnrecorded(event, index), traceparent }))
  while (events.length > 0) await record(log.pool, events.splice(0, 1 + roll(30)))
  await eventually(async () => {
    const { position, headPosition } = await readFreshness(log.pool)
    return position === headPosition && position > 0
  })
})
afterAll(async () => {
  await log.stop()
  await postgres.release()
})

async function get<Answer>(path: string): Promise<Answer> {
  const answer = await log.app.inject({ url: `/api/sagas${path}`, headers: admin })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
async function listed(query: string): Promise<Saga[]> {
  const items: Saga[] = []
  for (let cursor = ''; ;) {
    const page = await get<{ items: Saga[]; nextCursor?: string }>(`?limit=7${query}${cursor}`)
    items.push(...page.items)
    if (page.nextCursor === undefined) return items
    cursor = `&cursor=${page.nextCursor}`
  }
}

/** As a person would tell it from the names of what happened. */
function plainState(events: readonly Told[]): Saga['state'] {
  const names = new Set(events.map(({ definition }) => definition.name))
  if (names.has('OrderCreated')) return 'ordered'
  if (!names.has('BidFailed')) return 'open'
  const pieces = names.has('StockReserved') && !names.has('StockReleased')
  const money = names.has('PaymentCaptured') && !names.has('PaymentRefunded')
  return pieces || money ? 'compensating' : 'failed'
}
const confirmedAt = (orderNumber: string): number =>
  (stories.get(orderNumber)![0]!.data as { sale: { confirmedAt: number } }).sale.confirmedAt
const isOver = (state: Saga['state']): boolean => state === 'ordered' || state === 'failed'

/** Those not over first, the oldest on top; then the others, the newest on top. */
const inOrder = (orderNumbers: readonly string[]): string[] =>
  orderNumbers.toSorted((left, right) => {
    const [over, overToo] = [left, right].map((each) => isOver(plainState(stories.get(each)!)))
    if (over !== overToo) return over ? 1 : -1
    const later = confirmedAt(left) - confirmedAt(right)
    return (over ? -later : later) || (left < right ? -1 : 1)
  })

test('every sale is listed in its state, stuck ones first, in pages that a cursor follows', async () => {
  const all = await listed('')
  expect(all.map(({ sale }) => sale.orderNumber)).toEqual(inOrder(numbers))
  for (const { sale, state, stuck, eventCount, synthetic } of all) {
    const events = stories.get(sale.orderNumber)!
    expect([sale.orderNumber, state, eventCount]).toEqual([sale.orderNumber, plainState(events), events.length])
    // All of it was years ago.
    expect([stuck, synthetic]).toEqual([!isOver(state), false])
  }
  expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['open', 'compensating', 'ordered', 'failed']))
})

test('the list is narrowed by state, product and age, and synthetic sales are shown apart', async () => {
  for (const state of ['open', 'compensating', 'ordered', 'failed'] as const) {
    const own = numbers.filter((each) => plainState(stories.get(each)!) === state)
    expect((await listed(`&state=${state}`)).map(({ sale }) => sale.orderNumber)).toEqual(inOrder(own))
  }
  const products = (await listed('&productId=product-2')).map(({ sale }) => sale.productId)
  expect([products.length, new Set(products)]).toEqual([COUNT / 4, new Set(['product-2'])])
  const ageMinMs = Date.now() - (START + 50_000)
  const old = numbers.filter((each) => confirmedAt(each) < START + 50_000 - 1_000)
  const told = (await listed(`&ageMinMs=${ageMinMs}`)).map(({ sale }) => sale.orderNumber)
  expect(old.filter((each) => !told.includes(each))).toEqual([])
  expect(told.length).toBeLessThan(COUNT)
  expect((await listed('&synthetic=true')).map(({ sale, synthetic }) => [sale.orderNumber, synthetic])).toEqual([
    ['canary-1.0', true]
  ])
})

test('a sale has its whole story: each event in time with its topic and trace, and how it stood after it', async () => {
  for (const orderNumber of numbers) {
    const events = stories.get(orderNumber)!
    const { saga, steps } = await get<SagaStory>(`/${orderNumber}`)
    expect(saga).toMatchObject({ state: plainState(events), lastStep: events.at(-1)!.definition.name })
    expect(steps).toMatchObject(
      events.map(({ definition, topic, time, id }, index) => ({
        name: definition.name,
        topic: topic.name,
        time,
        eventId: id,
        traceId: '0af7651916cd43dd8448eb211c80319c',
        standing: { state: plainState(events.slice(0, index + 1)) }
      }))
    )
    expect(steps.at(-1)!.standing).toEqual({ state: saga.state, stock: saga.stock, payment: saga.payment })
  }
})

test('they are counted by state, and what is stuck is a figure', async () => {
  const states = numbers.map((each) => plainState(stories.get(each)!))
  const count = (state: string): number => states.filter((each) => each === state).length
  const unfinished = numbers.filter((each) => !isOver(plainState(stories.get(each)!)))
  expect(await get('-count')).toEqual({
    open: count('open'),
    compensating: count('compensating'),
    ordered: count('ordered'),
    failed: count('failed'),
    stuck: unfinished.length,
    oldestUnfinishedAt: Math.min(...unfinished.map(confirmedAt))
  })
  const metrics = (await log.app.inject({ url: '/metrics' })).body
  expect(metrics).toMatch(new RegExp(`gavel_sagas_stuck\\{[^}]*\\} ${unfinished.length}\n`))
})

test.each(['?state=lost', '?limit=0', '?cursor=nonsense', '?ageMinMs=-1', '?color=red', '/a'])(
  '%s is refused as it stands',
  async (path) => {
    const answer = await log.app.inject({ url: `/api/sagas${path}`, headers: admin })
    expect(answer.json()).toMatchObject({ status: 400, code: 'INVALID_INPUT' })
  }
)

test('what nobody told of is not found, and all of it is for admins', async () => {
  const nobody = await log.app.inject({ url: '/api/sagas/nobody.1', headers: admin })
  expect(nobody.json()).toMatchObject({ status: 404, code: 'SALE_NOT_FOUND' })
  const bidder = await log.signIn('bob')
  for (const url of ['/api/sagas', '/api/sagas/sale.1', '/api/sagas-count']) {
    expect((await log.app.inject({ url })).json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
    expect((await log.app.inject({ url, headers: bidder })).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
  }
})
