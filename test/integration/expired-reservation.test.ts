import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  BidFailed,
  OrderCreated,
  PaymentCaptured,
  PaymentDeclined,
  SaleConfirmed
} from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { orders, payments, reservations, saleConfirmed } from '@gavel/contracts/topics.ts'
import { readInventoryConfig } from '../../services/inventory/src/config.ts'
import { aSale, setStock } from '../../services/inventory/test/inventory-under-test.ts'
import { runInventory } from '../../services/inventory/test/running-inventory.ts'
import { readOrderConfig } from '../../services/order/src/config.ts'
import { runOrder } from '../../services/order/test/running-order.ts'
import { freshPostgres, freshRedis, freshTopics } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { theWire, type Wire } from '../support/watch-topic.ts'

/** Inventory and order together: an end that inventory never heard, and how it comes to hear of it (docs/adr/0008). */

let inventory: Awaited<ReturnType<typeof runInventory>>
let wire: Wire
const releases: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  const stores = [await freshPostgres('inventory'), await freshPostgres('order')] as const
  const redis = freshRedis('inventory')
  const topics = await freshTopics('expiry')
  const terms = { reservationTtlMs: 3_600_000, againMs: 200, sweepIntervalMs: 50 }
  inventory = await runInventory({ postgresUrl: stores[0].url, redis, topics, terms })
  const order = await runOrder({
    postgresUrl: stores[1].url,
    topics,
    timeouts: { stockMs: 3_600_000, paymentMs: 3_600_000 }
  })
  wire = await theWire(topics)
  releases.push(
    wire.release,
    order.stop,
    inventory.stop,
    topics.release,
    redis.release,
    stores[1].release,
    stores[0].release
  )
})
afterAll(async () => {
  for (const release of releases) await release()
})

const tell = (topic: typeof saleConfirmed | typeof payments, definition: { name: string }, key: string, data: object) =>
  wire.publish(topic, [{ definition, id: `${key}.${definition.name}`, key, source: 'test', time: 1, data } as never])
const statusOf = async ({ orderNumber }: Sale): Promise<string | undefined> =>
  (await inventory.pool.query('select status from reservations where order_number = $1', [orderNumber])).rows[0]?.status
const figures = async (): Promise<number[]> => {
  const { rows } = await inventory.pool.query(`select available, reserved, sold from stock where product_id = 'lamp'`)
  return [rows[0].available, rows[0].reserved, rows[0].sold]
}

test('pieces whose end was lost are sold or given back by order’s answer, and by nothing else', async () => {
  const heard = await wire.watch(orders)
  const asked = await wire.watch(reservations)
  await setStock(inventory.pool, { productId: 'lamp', location: 'main', available: 10 })
  const [ordered, failed, open] = [1, 2, 3].map((number) => aSale(number, { quantity: number })) as [Sale, Sale, Sale]
  for (const sale of [ordered, failed, open]) await tell(saleConfirmed, SaleConfirmed, sale.orderNumber, { sale })
  await tell(payments, PaymentCaptured, ordered.orderNumber, { sale: ordered, paymentId: 'p1', capturedAt: 1 })
  const declined = { sale: failed, paymentId: 'p2', reason: 'PAYMENT_DECLINED', declinedAt: 1 }
  await tell(payments, PaymentDeclined, failed.orderNumber, declined)
  await eventually(async () => (await statusOf(ordered)) === 'sold' && (await statusOf(failed)) === 'released')
  await eventually(async () => (await statusOf(open)) === 'reserved')
  expect(await figures()).toEqual([6, 3, 1])

  // A backup from before the ends is restored, and the time of all three is over.
  await inventory.pool.query(`
    update reservations set status = 'reserved', settled_at = null, expires_at = now() where status in ('sold', 'released', 'reserved');
    update stock set available = 4, reserved = 6, sold = 0, version = version + 1;
    delete from inbox where consumer_group = 'inventory.orders'`)
  await eventually(async () => (await statusOf(ordered)) === 'sold' && (await statusOf(failed)) === 'released', {
    what: 'the ends to be told again'
  })
  const questions = (sale: Sale): number =>
    asked.filter(({ key, name }) => key === sale.orderNumber && name === 'ReservationExpired').length
  await eventually(() => questions(open) >= 3, { what: 'the open sale to be asked about again and again' })
  expect(await statusOf(open)).toBe('reserved')
  expect(await figures()).toEqual([6, 3, 1])
  const ends = (sale: Sale) =>
    new Set(heard.filter(({ key }) => key === sale.orderNumber).map(({ id, name }) => `${id} ${name}`))
  expect(ends(ordered)).toEqual(new Set([`${ordered.orderNumber}.end ${OrderCreated.name}`]))
  expect(ends(failed)).toEqual(new Set([`${failed.orderNumber}.end ${BidFailed.name}`]))
  expect(ends(open)).toEqual(new Set())
})

test('inventory asks only when order’s own time-outs are over', () => {
  const required = {
    POSTGRES_URL: 'postgres://127.0.0.1/x',
    KAFKA_BROKERS: '127.0.0.1:1',
    REDIS_URL: 'redis://127.0.0.1:1',
    JWKS_URL: 'http://127.0.0.1:1/',
    PORT: '1'
  }
  const { stockMs, paymentMs } = readOrderConfig(required).terms.timeouts
  expect(readInventoryConfig(required).terms.reservationTtlMs).toBeGreaterThan(stockMs + paymentMs)
})
