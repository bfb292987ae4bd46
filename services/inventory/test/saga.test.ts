import { afterAll, beforeAll, expect, test } from 'vitest'
import { BidFailed, OrderCreated, SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { orders, reservations, saleConfirmed, stock } from '@gavel/contracts/topics.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { freshPostgres, freshRedis, freshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { aSale } from './inventory-under-test.ts'
import { runInventory } from './running-inventory.ts'

/** Inventory on PostgreSQL, Redis and Kafka: events in, events out. */

let inventory: Awaited<ReturnType<typeof runInventory>>
let wire: Wire
const releases: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  const postgres = await freshPostgres('inventory')
  const redis = freshRedis('inventory')
  const topics = await freshTopics('inventory')
  inventory = await runInventory({ postgresUrl: postgres.url, redis, topics })
  wire = await theWire(topics)
  releases.push(
    wire.release,
    inventory.stop,
    () => topics.release(),
    () => redis.release(),
    () => postgres.release()
  )
})
afterAll(async () => {
  for (const release of releases) await release()
})

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const confirmed = (sale: Sale): OutgoingEvent => ({
  definition: SaleConfirmed,
  id: `${sale.orderNumber}.SaleConfirmed`,
  key: sale.productId,
  source: 'test',
  time: 1,
  traceparent,
  data: { sale }
})
const ended = (sale: Sale, outcome: 'ordered' | 'failed'): OutgoingEvent => ({
  definition: outcome === 'ordered' ? OrderCreated : BidFailed,
  id: `${sale.orderNumber}.end`,
  key: sale.orderNumber,
  source: 'test',
  time: 1,
  data:
    outcome === 'ordered' ? { sale, paymentId: 'payment', createdAt: 1 } : { sale, reason: 'TIMED_OUT', failedAt: 1 }
})
const readStock = async (productId: string) => {
  const answer = await inventory.app.inject({ url: `/api/stock/${productId}` })
  const { available, reserved, sold } = answer.json() as Record<string, number>
  return { available, reserved, sold }
}
const setStock = async (productId: string, available: number): Promise<void> => {
  const headers = await inventory.signIn('admin', 'admin')
  const answer = await inventory.app.inject({
    method: 'PUT',
    url: `/api/stock/${productId}`,
    headers,
    payload: { available }
  })
  expect(answer.statusCode).toBe(200)
}

test('stock of 10 and 500 confirmed sales, delivered twice: 10 reserved, the others rejected, nothing left; then sold and given back', async () => {
  const seenReservations = await wire.watch(reservations)
  const seenStock = await wire.watch(stock)
  await setStock('lamp', 10)
  const sales = Array.from({ length: 500 }, (_, number) => aSale(number))
  await wire.publish(saleConfirmed, sales.map(confirmed))
  await wire.publish(saleConfirmed, sales.map(confirmed))
  // One more taker of the same product stands behind both deliveries: its answer says that they have been read.
  await wire.publish(saleConfirmed, [confirmed(aSale(500))])
  await eventually(() => seenReservations.some(({ key }) => key === 'auction.500'), { what: 'the last answer' })
  expect(seenReservations).toHaveLength(501)

  const reserved = seenReservations.filter(({ name }) => name === 'StockReserved')
  expect(reserved.map(({ data }) => data.sale.orderNumber).toSorted()).toEqual(
    sales
      .slice(0, 10)
      .map(({ orderNumber }) => orderNumber)
      .toSorted()
  )
  expect(seenReservations.filter(({ name }) => name === 'StockRejected')).toHaveLength(491)
  expect(await readStock('lamp')).toEqual({ available: 0, reserved: 10, sold: 0 })
  expect(seenReservations.every((event) => event.traceparent?.slice(3, 35) === traceparent.slice(3, 35))).toBe(true)

  const [failed, ...ordered] = sales.slice(0, 10)
  await wire.publish(orders, [ended(failed!, 'failed'), ...ordered.map((sale) => ended(sale, 'ordered'))])
  await eventually(async () => (await readStock('lamp')).sold === 9 && (await readStock('lamp')).available === 1, {
    what: '9 sold, 1 back'
  })
  expect(await readStock('lamp')).toEqual({ available: 1, reserved: 0, sold: 9 })
  await eventually(() => seenReservations.some(({ name }) => name === 'StockReleased'), { what: 'the release' })
  expect(seenReservations).toHaveLength(502)
  await eventually(() => seenStock.at(-1)?.data.available === 1 && seenStock.at(-1)?.data.sold === 9, {
    what: 'the last figures'
  })
  const versions = seenStock.map(({ data }) => data.version)
  expect(versions).toEqual(versions.map((_, index) => index + 1))
})

test('a sale that failed while its confirmation was unread never takes stock', async () => {
  const seen = await wire.watch(reservations)
  await setStock('vase', 5)
  const late = aSale(1, { orderNumber: 'late.1', productId: 'vase' })
  await wire.publish(orders, [ended(late, 'failed')])
  await eventually(
    async () => (await inventory.pool.query(`select 1 from reservations where order_number = 'late.1'`)).rowCount,
    { what: 'the end' }
  )
  const next = aSale(2, { orderNumber: 'late.2', productId: 'vase' })
  await wire.publish(saleConfirmed, [confirmed(late), confirmed(next)])
  await eventually(() => seen.some(({ key }) => key === 'late.2'), { what: 'the sale behind it' })
  expect(seen.some(({ key }) => key === 'late.1')).toBe(false)
  expect(await readStock('vase')).toEqual({ available: 4, reserved: 1, sold: 0 })
})

test('the metrics tell of batches, outcomes and no oversold piece', async () => {
  const { body } = await inventory.app.inject({ url: '/metrics' })
  expect(body).toMatch(/gavel_inventory_oversold_pieces\{[^}]*\} 0\n/)
  expect(body).toMatch(/gavel_inventory_reservations_total\{[^}]*outcome="SOLD_OUT"[^}]*\} 491\n/)
  expect(body).toMatch(/gavel_inventory_batch_size_count\{[^}]*topic="sale-confirmed"/)
})
