import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { orders, payments, reservations, saleConfirmed } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { freshPostgres, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { aSale, happenings, type Happening } from './order-under-test.ts'
import { runOrder } from './running-order.ts'

/** Order on PostgreSQL and Kafka, with its sweep: events in, ends out. */

let postgres: Awaited<ReturnType<typeof freshPostgres>>
let topics: FreshTopics
let wire: Wire
let ends: IncomingEvent<(typeof orders)['events'][number]>[]
let stops: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await freshPostgres('order')
  topics = await freshTopics('order')
  wire = await theWire(topics)
  ends = await wire.watch(orders)
})
afterEach(async () => {
  for (const stop of stops) await stop()
  stops = []
})
afterAll(async () => {
  await wire.release()
  await topics.release()
  await postgres.release()
})

const start = async (over: Partial<Parameters<typeof runOrder>[0]> = {}) => {
  const order = await runOrder({ postgresUrl: postgres.url, topics, ...over })
  stops.push(order.stop)
  return order
}
const topicOf: Record<Happening, TopicDefinition> = {
  confirmed: saleConfirmed,
  reserved: reservations,
  reservedInParts: reservations,
  asked: reservations,
  rejected: reservations,
  released: reservations,
  captured: payments,
  declined: payments,
  refunded: payments
}
/** Says on the wire, over and over if asked to, what happened to sales. */
const tell = async (what: Happening, sales: readonly Sale[], times = 1): Promise<void> => {
  const events = sales.flatMap((sale) =>
    Array.from({ length: times }, () => {
      const { definition, id, key, data } = happenings[what](sale)
      return { definition, id, key, data, source: 'test', time: 1 } as never
    })
  )
  await wire.publish(topicOf[what], events)
}
const endsOf = (sale: Sale): string[] =>
  ends
    .filter(({ key }) => key === sale.orderNumber)
    .map((event) => (event.name === 'BidFailed' ? event.data.reason : event.name))
const sales = (count: number): Sale[] => {
  const auctionId = randomUUID()
  return Array.from({ length: count }, (_, number) =>
    aSale(number, { auctionId, orderNumber: `${auctionId}.${number}` })
  )
}

test('every event thrice, topics in the wrong order: exactly one end for each sale, and the right one', async () => {
  const order = await start()
  const all = sales(60)
  const [paid, soldOut, unpaid] = [all.slice(0, 20), all.slice(20, 40), all.slice(40)]
  await tell('captured', paid, 3)
  await tell('declined', unpaid, 3)
  await tell('rejected', soldOut, 3)
  await tell('reserved', [...paid, ...unpaid], 3)
  await tell('confirmed', all, 3)
  // The last word on each topic: once these have ended, everything before them has been read.
  const markers = sales(40)
  await tell('rejected', markers.slice(0, 20))
  await tell('captured', markers.slice(20))
  await eventually(() => [...all, ...markers].every((sale) => endsOf(sale).length > 0), { what: 'all ends' })
  expect(paid.map(endsOf)).toEqual(paid.map(() => ['OrderCreated']))
  expect(soldOut.map(endsOf)).toEqual(soldOut.map(() => ['SOLD_OUT']))
  expect(unpaid.map(endsOf)).toEqual(unpaid.map(() => ['PAYMENT_DECLINED']))
  const { body } = await order.app.inject({ url: '/metrics' })
  expect(body).toMatch(/gavel_order_sales_ended_total\{[^}]*outcome="failed"[^}]*reason="PAYMENT_DECLINED"[^}]*\} 20\n/)
})

test('a sale that nobody answers is failed by the sweep; a capture that comes later makes no order', async () => {
  const order = await start({ timeouts: { stockMs: 100, paymentMs: 100 } })
  const [sale] = sales(1)
  await tell('confirmed', [sale!])
  await eventually(() => endsOf(sale!).length > 0, { what: 'the time-out' })
  await tell('captured', [sale!])
  await eventually(
    async () =>
      (
        await order.pool.query(`select 1 from sales where order_number = $1 and payment = 'captured'`, [
          sale!.orderNumber
        ])
      ).rowCount,
    { what: 'the late capture to be read' }
  )
  const [behind] = sales(1)
  await tell('captured', [behind!])
  await eventually(() => endsOf(behind!).length > 0, { what: 'an end behind it' })
  expect(endsOf(sale!)).toEqual(['TIMED_OUT'])
  expect((await order.pool.query('select 1 from orders where order_number = $1', [sale!.orderNumber])).rowCount).toBe(0)
})

test('answers that came while the service was away count, though the deadline passed meanwhile', async () => {
  const timeouts = { stockMs: 1_500, paymentMs: 60_000 }
  const first = await start({ timeouts })
  const waiting = sales(20)
  await tell('confirmed', waiting)
  const known = async () =>
    (await first.pool.query('select 1 from sales where auction_id = $1', [waiting[0]!.auctionId])).rowCount
  await eventually(async () => (await known()) === 20, { what: 'all sales to be known' })
  await first.stop()
  stops = []
  await tell('reserved', waiting)
  await tell('captured', waiting)
  const passed = (await freshDeadline()) + 1
  await eventually(() => Date.now() > passed, { what: 'the deadlines to pass' })
  await start({ timeouts })
  await eventually(() => waiting.every((sale) => endsOf(sale).length > 0), { what: 'all ends' })
  expect(waiting.map(endsOf)).toEqual(waiting.map(() => ['OrderCreated']))
})

/** The last deadline that the database knows. */
async function freshDeadline(): Promise<number> {
  const reader = await runOrder({ postgresUrl: postgres.url })
  const { rows } = await reader.pool.query<{ at: Date }>(
    `select max(deadline_at) as at from sales where status = 'open'`
  )
  await reader.stop()
  return rows[0]!.at.getTime()
}
