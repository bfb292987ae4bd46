import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import pg from 'pg'
import { BidFailed, StockReserved } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { orders, payments, reservations } from '@gavel/contracts/topics.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { encodeEvent } from '@gavel/platform/kafka/events.ts'
import { createProducer, type OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { replayMarks } from '@gavel/platform/kafka/replay.ts'
import { createContext } from '@gavel/platform/service.ts'
import { freshPostgres, freshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { startIssuer } from '../../../test/support/issuer.ts'
import { freePort, startSandbox } from './sandbox-process.ts'

export type Harness = Awaited<ReturnType<typeof startHarness>>

/** payment as its own process, on real backends and the real sandbox provider; the test plays inventory and order. */
export async function startHarness(environment: Record<string, string> = {}) {
  const [postgres, topics, issuer, sandbox, port] = await Promise.all([
    freshPostgres(),
    freshTopics('payment'),
    startIssuer(),
    startSandbox(),
    freePort()
  ])
  const context = createContext({ name: 'payment-test', logLevel: 'silent' })
  const kafka = createKafka(topics, context)
  const producer = await createProducer(kafka)
  const told: IncomingEvent[] = []
  await startConsumer(context, kafka, { topic: payments, handleBatch: async (events) => void told.push(...events) })
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 })
  const url = `http://127.0.0.1:${port}`

  let child: ChildProcess | undefined
  const others: ChildProcess[] = []
  const output: string[] = []
  const spawnOne = async (port: number, extra: Record<string, string>): Promise<ChildProcess> => {
    const started = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
      env: {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        PORT: String(port),
        POSTGRES_URL: postgres.url,
        KAFKA_BROKERS: topics.brokers.join(','),
        KAFKA_TOPIC_PREFIX: topics.topicPrefix,
        PROVIDER_URL: sandbox.url,
        PROVIDER_API_KEY: sandbox.apiKey.reveal(),
        PROVIDER_TIMEOUT_MS: '700',
        PROVIDER_ATTEMPTS: '1',
        PAYMENT_RETRY_INITIAL_MS: '50',
        PAYMENT_LEASE_MS: '3000',
        ...issuer.environment,
        ...environment,
        ...extra
      },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Buffer) => output.push(chunk.toString()))
    await eventually(
      async () => {
        if (started.exitCode !== null) throw new Error(`payment ended: ${output.join('')}`)
        return await fetch(`http://127.0.0.1:${port}/readyz`).then((response) => response.ok)
      },
      { what: 'payment to be ready' }
    )
    return started
  }
  const start = async (extra: Record<string, string> = {}): Promise<void> => {
    child = await spawnOne(port, extra)
  }
  /** One more process beside the first, on the same database. */
  const startAnother = async (): Promise<void> => {
    others.push(await spawnOne(await freePort(), {}))
  }
  const ended = async (ending: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
    if (ending.exitCode !== null || ending.signalCode !== null) return null
    ending.kill(signal)
    const [code] = (await once(ending, 'exit')) as [number | null]
    return code
  }
  const end = async (signal: NodeJS.Signals): Promise<number | null> => (child ? await ended(child, signal) : null)

  return {
    sandbox,
    pool,
    told,
    output,
    start,
    startAnother,
    end,
    /** The sale of a new user who has stored this card; none stores nothing. */
    async sale(card?: string, totalMinor = 2_500): Promise<Sale> {
      const userId = randomUUID()
      if (card !== undefined) await this.storeCard(userId, card)
      const auctionId = randomUUID()
      return {
        orderNumber: `${auctionId}.1`,
        auctionId,
        productId: 'p1',
        userId,
        quantity: 1,
        unitPriceMinor: totalMinor,
        totalMinor,
        currency: 'EUR',
        confirmedAt: Date.now()
      }
    },
    async storeCard(userId: string, cardNumber: string): Promise<Response> {
      return await this.call(userId, '/api/payment-method', {
        method: 'PUT',
        body: { cardNumber, expiryMonth: 12, expiryYear: 2040, code: '123' }
      })
    },
    async call(
      userId: string,
      path: string,
      options: { method?: string; body?: unknown; role?: 'bidder' | 'admin' } = {}
    ): Promise<Response> {
      const { method = 'GET', body, role = 'bidder' } = options
      return await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await issuer.token({ userId, role })}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' })
        },
        body: body === undefined ? null : JSON.stringify(body)
      })
    },
    /** As the log sends them to this group again. */
    reservedAgain: (...sales: Sale[]) =>
      producer.send(
        sales.map((sale) => {
          const encoded = encodeEvent(stockReservedOf(sale))
          const marks = replayMarks('payment.reservations', randomUUID())
          return { ...encoded, topic: producer.topicName(reservations), headers: { ...encoded.headers, ...marks } }
        })
      ),
    reserved: (...sales: Sale[]) => producer.publish(reservations, sales.map(stockReservedOf)),
    failed: (...sales: Sale[]) => producer.publish(orders, sales.map(bidFailedOf)),
    /** What payment told of a sale, once it told this last. */
    async toldOf(sale: Sale, last: string): Promise<string[]> {
      const names = () => told.filter(({ key }) => key === sale.orderNumber).map(({ definition }) => definition.name)
      return await eventually(() => names().at(-1) === last && names(), {
        withinMs: 90_000,
        what: `${last} of ${sale.orderNumber}; so far ${names().join(', ')}`
      })
    },
    async statusOf(sale: Sale): Promise<string | undefined> {
      const { rows } = await pool.query<{ status: string }>('select status from payments where order_number = $1', [
        sale.orderNumber
      ])
      return rows[0]?.status
    },
    async ends(sale: Sale, statuses: string[]): Promise<string> {
      return await eventually(
        async () => {
          const status = await this.statusOf(sale)
          return status !== undefined && statuses.includes(status) && status
        },
        { withinMs: 90_000, what: `${sale.orderNumber} to be ${statuses.join(' or ')}` }
      )
    },
    async reaches(sale: Sale, status: string): Promise<void> {
      await eventually(async () => (await this.statusOf(sale)) === status, {
        what: `${sale.orderNumber} to be ${status}`,
        everyMs: 20
      })
    },
    async stop() {
      await Promise.all([end('SIGTERM'), ...others.map((other) => ended(other, 'SIGTERM'))])
      await context.closers.closeAll(10_000)
      await pool.end()
      await Promise.all([sandbox.stop(), issuer.stop()])
      await Promise.all([postgres.release(), topics.release()])
    }
  }
}

const stockReservedOf = (sale: Sale): OutgoingEvent<typeof StockReserved> => ({
  definition: StockReserved,
  key: sale.orderNumber,
  id: `reserved.${sale.orderNumber}`,
  source: 'inventory',
  time: Date.now(),
  data: { sale, location: 'main', reservedAt: Date.now() }
})

const bidFailedOf = (sale: Sale): OutgoingEvent<typeof BidFailed> => ({
  definition: BidFailed,
  key: sale.orderNumber,
  id: `failed.${sale.orderNumber}`,
  source: 'order',
  time: Date.now(),
  data: { sale, reason: 'TIMED_OUT', failedAt: Date.now() }
})
