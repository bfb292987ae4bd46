import { randomUUID } from 'node:crypto'
import type { Difference } from '@gavel/contracts/api/reconciliation.ts'
import { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import { LedgersStated } from '@gavel/contracts/events/statements.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { saleConfirmed, statements } from '@gavel/contracts/topics.ts'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSandbox, type SandboxProcess } from '../../services/payment/test/sandbox-process.ts'
import { freshPostgres, freshRedis, freshTopics, type FreshTopics } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { startIssuer, type TestIssuer } from '../support/issuer.ts'
import { startServiceProcess, type ServiceProcess } from '../support/service-process.ts'
import { theWire, type Wire } from '../support/watch-topic.ts'

/** inventory, payment, order and eventlog as their own processes; the test plays bidding, and then the hand that alters a database. */

const names = ['inventory', 'payment', 'order', 'eventlog'] as const
type Name = (typeof names)[number]
const databases = {} as Record<Name, Awaited<ReturnType<typeof freshPostgres>>>
const pools = {} as Record<Name, pg.Pool>
const urls = {} as Record<Name, string>
const running: ServiceProcess[] = []
let topics: FreshTopics
let issuer: TestIssuer
let sandbox: SandboxProcess
let wire: Wire
let redis: ReturnType<typeof freshRedis>
let admin: { authorization: string }

async function start(name: Name): Promise<void> {
  const started = await startServiceProcess(name, {
    POSTGRES_URL: databases[name].url,
    REDIS_URL: redis.url,
    REDIS_KEY_PREFIX: redis.keyPrefix,
    KAFKA_BROKERS: topics.brokers.join(','),
    KAFKA_TOPIC_PREFIX: topics.topicPrefix,
    PROVIDER_URL: sandbox.url,
    PROVIDER_API_KEY: sandbox.apiKey.reveal(),
    STATEMENT_INTERVAL_MS: '500',
    // Services say how far they have come; this covers what is between a clock and a commit.
    RECONCILE_AFTER_MS: '500',
    ...issuer.environment
  })
  urls[name] = started.url
  running.push(started)
}

beforeAll(async () => {
  ;[topics, issuer, sandbox] = await Promise.all([freshTopics('reconciliation'), startIssuer(), startSandbox()])
  redis = freshRedis('inventory')
  wire = await theWire(topics)
  for (const name of names) {
    databases[name] = await freshPostgres(name)
    pools[name] = new pg.Pool({ connectionString: databases[name].url, max: 1 })
  }
  await Promise.all(names.map(start))
  admin = { authorization: `Bearer ${await issuer.token({ userId: 'alice', role: 'admin' })}` }
})
afterAll(async () => {
  for (const each of running) await each.end('SIGTERM')
  for (const name of names) {
    await pools[name].end()
    await databases[name].release()
  }
  await wire.release()
  await sandbox.stop()
  await issuer.stop()
  await redis.release()
  await topics.release()
})

async function call(name: Name, method: string, path: string, headers: object, body?: object): Promise<Response> {
  return await fetch(urls[name] + path, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) })
  })
}
const open = async (): Promise<Difference[]> => {
  const answer = await call('eventlog', 'GET', '/api/reconciliation/differences?limit=200', admin)
  return ((await answer.json()) as { items: Difference[] }).items
}
interface Check {
  statement: string
  differences: number
  compared: number
}
const checks = async (): Promise<Check[]> => {
  const answer = await call('eventlog', 'GET', '/api/reconciliation', admin)
  return ((await answer.json()) as { statements: Check[] }).statements
}
/** A sale of a buyer whose card is good, bad, or not there. */
async function sell(productId: string, card: string | undefined, n: number): Promise<Sale> {
  const userId = randomUUID()
  if (card !== undefined) {
    const headers = { authorization: `Bearer ${await issuer.token({ userId })}` }
    const method = { cardNumber: card, expiryMonth: 12, expiryYear: 2040, code: '123' }
    expect((await call('payment', 'PUT', '/api/payment-method', headers, method)).status).toBe(200)
  }
  const auctionId = randomUUID()
  const sale: Sale = {
    orderNumber: `${auctionId}.1`,
    auctionId,
    productId,
    userId,
    quantity: 1 + (n % 2),
    unitPriceMinor: 500,
    totalMinor: 500 * (1 + (n % 2)),
    currency: 'USD',
    confirmedAt: Date.now()
  }
  await wire.publish(saleConfirmed, [
    {
      definition: SaleConfirmed,
      key: productId,
      data: { sale },
      id: `${sale.orderNumber}.confirmed`,
      source: 'bidding',
      subject: sale.orderNumber,
      time: sale.confirmedAt
    }
  ])
  return sale
}
async function over(sales: readonly Sale[]): Promise<void> {
  for (const { orderNumber } of sales)
    await eventually(
      async () => {
        const answer = await call('eventlog', 'GET', `/api/sagas/${orderNumber}`, admin)
        const { saga } = (await answer.json()) as { saga?: { state: string } }
        return saga?.state === 'ordered' || saga?.state === 'failed'
      },
      { what: `${orderNumber} to be over` }
    )
}

test('services in agreement differ in nothing while sales run; a row altered by hand is named, and set right again it is gone', async () => {
  for (const [productId, available] of [
    ['lamp', 30],
    ['rare', 1]
  ] as const)
    expect((await call('inventory', 'PUT', `/api/stock/${productId}`, admin, { available })).status).toBe(200)
  const good = '4242424242424242'
  const declined = '4000000000000002'
  const sales: Sale[] = []
  const seen: Difference[] = []
  for (let n = 0; n < 12; n += 1) {
    sales.push(await sell(n % 5 === 4 ? 'rare' : 'lamp', n % 4 === 3 ? declined : n % 6 === 5 ? undefined : good, n))
    // In the middle of everything: nothing in flight is taken for a difference.
    seen.push(...(await open()))
  }
  await over(sales)
  await eventually(
    async () => {
      const compared = new Map((await checks()).map((check) => [check.statement, check.compared]))
      const all = [compared.get('sales'), compared.get('reservations'), compared.get('stock')]
      seen.push(...(await open()))
      return all.toString() === [sales.length, sales.length, 2].toString()
    },
    { what: 'everything to be compared', withinMs: 60_000 }
  )
  expect(seen).toEqual([])

  const ordered = await pools.order.query<{ order_number: string }>(
    `select order_number from orders where product_id = 'lamp' order by 1`
  )
  const [first, second, third] = ordered.rows.map(({ order_number }) => order_number)
  const payment = await pools.payment.query('delete from payments where order_number = $1 returning *', [first])
  await pools.inventory.query(
    `update reservations
        set quantity = quantity + 1,
            parts = jsonb_set(parts, '{0,quantity}', to_jsonb(quantity + 1))
      where order_number = $1`,
    [second]
  )
  await pools.payment.query(
    `update payments set sale = jsonb_set(sale, '{totalMinor}', '1'::jsonb) where order_number = $1`,
    [third]
  )
  await pools.inventory.query(
    `update stock set available = available + 5, supplied = supplied + 5 where product_id = 'rare'`
  )
  const told = ({ statement, service, subject, kind }: Difference) => [statement, service, subject, kind].join(' ')
  const expected = [
    `payments payment ${first} missing`,
    `payments payment ${third} amount`,
    `reservations inventory ${second} pieces`,
    'stock inventory lamp reservations pieces',
    'stock inventory rare main pieces'
  ]
  await eventually(async () => expect((await open()).map(told).toSorted()).toEqual(expected.toSorted()) ?? true, {
    what: 'each fault to be named, and no other',
    withinMs: 60_000
  })
  expect(await (await fetch(`${urls.eventlog}/metrics`)).text()).toMatch(
    /gavel_reconciliation_differences\{[^}]*statement="payments"[^}]*\} 2\n/
  )

  const { sale, ...row } = payment.rows[0] as { sale: object }
  const columns = { ...row, sale: JSON.stringify(sale) }
  await pools.payment.query(
    `insert into payments (${Object.keys(columns).join(', ')}) values (${Object.keys(columns)
      .map((_, index) => `$${index + 1}`)
      .join(', ')})`,
    Object.values(columns)
  )
  await eventually(async () => !(await open()).some(({ subject }) => subject === first))
  const gone = await call('eventlog', 'GET', '/api/reconciliation/differences?open=false', admin)
  expect(((await gone.json()) as { items: Difference[] }).items).toMatchObject([
    { subject: first, kind: 'missing', goneAt: expect.any(Number) }
  ])
})

test('a sale that a ledger holds and nobody ever told is named', async () => {
  const auctionId = `a-${randomUUID()}`
  const time = Date.now()
  const ledger = { auctionId, sequence: 3, saleCount: 1, offeredSales: [], changedAt: time - 60_000 }
  const data = { after: 'a-', upTo: auctionId, asOf: time, ledgers: [ledger] }
  const common = { definition: LedgersStated, key: 'bidding', source: 'bidding' }
  await eventually(async () => {
    await wire.publish(statements, [{ ...common, id: randomUUID(), time: Date.now(), data }])
    return (await open()).some(({ subject, kind }) => subject === `${auctionId}.1` && kind === 'unknown')
  })
})

test('reconciliation is for admins', async () => {
  const bidder = { authorization: `Bearer ${await issuer.token({ userId: 'bob' })}` }
  for (const path of ['/api/reconciliation', '/api/reconciliation/differences']) {
    expect((await call('eventlog', 'GET', path, {})).status).toBe(401)
    expect((await call('eventlog', 'GET', path, bidder)).status).toBe(403)
  }
  expect((await call('eventlog', 'GET', '/api/reconciliation/differences?open=perhaps', admin)).status).toBe(400)
})
