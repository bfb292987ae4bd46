import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import pg from 'pg'
import { Secret } from '@gavel/platform/config.ts'
import { createKafka, ensureTopics, type KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { createLog } from '@gavel/platform/log.ts'
import { sweepInbox, takeNew } from '@gavel/platform/postgres/inbox.ts'
import { appendToOutbox, startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool, migrate, transaction, type Pool } from '@gavel/platform/postgres/pool.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { withTraceparent } from '@gavel/platform/telemetry.ts'
import { backends } from '../../../test/support/backends.ts'
import { freshPostgres } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { counted, facts } from './support/facts.ts'
import { CuttableProxy, divert } from './support/proxy.ts'

const brokers = backends().kafka.split(',')
const silent = createLog({ service: 'platform', level: 'silent' })
const migrations = new URL('./support/counting/', import.meta.url)

let database: Awaited<ReturnType<typeof freshPostgres>>
let context: ServiceContext
let kafka: KafkaHandle
let pool: Pool
let topicPrefix: string

beforeEach(async () => {
  database = await freshPostgres()
  await migrate(database.url, migrations, silent)
  context = createContext({ name: 'platform', log: silent })
  topicPrefix = `t${randomBytes(5).toString('hex')}.`
  kafka = createKafka({ brokers, topicPrefix }, context)
  await ensureTopics(kafka, [{ name: 'facts', partitions: 3 }])
  pool = createPool({ url: new Secret(database.url), poolMax: 5 }, context)
})

afterEach(async () => {
  vi.restoreAllMocks()
  await context.closers.closeAll(20_000)
  await database.release()
})

/** What every service does: the effect and the event's id in one transaction. */
async function countEvents(): Promise<void> {
  await startConsumer(context, kafka, {
    topic: facts,
    handlers: {
      Counted: async (events, { group }) =>
        await transaction(pool, async (client) => {
          const fresh = await takeNew(client, group, events)
          await client.query('insert into counts (key, number) select * from unnest($1::text[], $2::integer[])', [
            fresh.map(({ key }) => key),
            fresh.map(({ data }) => data.number)
          ])
        })
    }
  })
}

const numbersOf = async (key: string): Promise<number[]> => {
  const { rows } = await pool.query<{ number: number }>('select number from counts where key = $1 order by position', [
    key
  ])
  return rows.map(({ number }) => number)
}
const waiting = async (): Promise<number> =>
  (await pool.query<{ count: number }>('select count(*)::int as count from outbox')).rows[0]!.count
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('the outbox', () => {
  it('holds what its transaction committed, and nothing of one that was rolled back', async () => {
    await transaction(pool, async (client) => await appendToOutbox(client, facts, [counted(1)]))
    await expect(
      transaction(pool, async (client) => {
        await appendToOutbox(client, facts, [counted(2)])
        throw new Error('changed my mind')
      })
    ).rejects.toThrow('changed my mind')
    expect(await waiting()).toBe(1)
  })

  it('refuses an event that does not fit its schema, and the transaction with it', async () => {
    const wrong = { ...counted(1), data: { number: 'one' } } as never
    await expect(transaction(pool, async (client) => await appendToOutbox(client, facts, [wrong]))).rejects.toThrow(
      /number must be of type integer/
    )
    expect(await waiting()).toBe(0)
  })

  it('is relayed at once, in order per key, and carries the trace of the request that wrote it', async () => {
    await countEvents()
    const traces: (string | undefined)[] = []
    await startConsumer(context, kafka, {
      topic: facts,
      group: 'traces',
      handleBatch: async (events) => {
        traces.push(...events.map(({ traceparent }) => traceparent))
      }
    })
    await startOutboxRelay(context, pool, await createProducer(kafka), { pollMs: 60_000 })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await withTraceparent(traceparent, async () => {
      for (const number of upTo(50)) {
        await transaction(
          pool,
          async (client) => await appendToOutbox(client, facts, [counted(number, 'a'), counted(number, 'b')])
        )
      }
    })
    await eventually(async () => (await numbersOf('a')).length === 50 && (await numbersOf('b')).length === 50)
    expect([await numbersOf('a'), await numbersOf('b')]).toEqual([upTo(50), upTo(50)])
    await eventually(() => traces.length === 100)
    expect(new Set(traces)).toEqual(new Set([traceparent]))
    await eventually(async () => (await waiting()) === 0)
  })

  it('keeps the order of each key with three relays and writers in several processes’ manner', async () => {
    await countEvents()
    const others = [1, 2].map(() => createContext({ name: 'platform', log: silent }))
    for (const each of [context, ...others]) {
      const itsPool = each === context ? pool : createPool({ url: new Secret(database.url), poolMax: 3 }, each)
      await startOutboxRelay(each, itsPool, await createProducer(createKafka({ brokers, topicPrefix }, each)), {
        batchSize: 7,
        pollMs: 20
      })
    }
    await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (key) => {
        for (const number of upTo(40))
          await transaction(pool, async (client) => await appendToOutbox(client, facts, [counted(number, key)]))
      })
    )
    // The leader goes in the middle of it, and another takes over.
    await others[0]!.closers.closeAll(10_000)
    await eventually(async () =>
      (await Promise.all(['a', 'b', 'c', 'd'].map(numbersOf))).every((numbers) => numbers.length === 40)
    )
    for (const key of ['a', 'b', 'c', 'd']) expect(await numbersOf(key)).toEqual(upTo(40))
    await others[1]!.closers.closeAll(10_000)
  })

  it('has its effect exactly once, though the relay is killed between the acknowledgement and the removal', async () => {
    await countEvents()
    await transaction(
      pool,
      async (client) =>
        await appendToOutbox(
          client,
          facts,
          upTo(20).map((number) => counted(number, 'a'))
        )
    )
    const script = new URL('./support/relay-process.ts', import.meta.url).pathname
    const relay = spawn(process.execPath, [script], {
      env: {
        ...process.env,
        POSTGRES_URL: database.url,
        KAFKA_BROKERS: brokers.join(','),
        KAFKA_TOPIC_PREFIX: topicPrefix
      },
      stdio: ['ignore', 'pipe', 'inherit']
    })
    await once(relay.stdout, 'data')
    await eventually(async () => (await numbersOf('a')).length === 20)
    relay.kill('SIGKILL')
    await once(relay, 'exit')
    expect(await waiting()).toBe(20)
    await startOutboxRelay(context, pool, await createProducer(kafka), { pollMs: 50 })
    await transaction(pool, async (client) => await appendToOutbox(client, facts, [counted(20, 'a')]))
    await eventually(async () => (await numbersOf('a')).includes(20))
    expect(await numbersOf('a')).toEqual(upTo(21))
    await eventually(async () => (await waiting()) === 0)
  })

  it('waits while Kafka is away, tells how much and how old, and goes on by itself', async () => {
    const port = Number(brokers[0]!.split(':')[1])
    const proxy = new CuttableProxy({ host: '127.0.0.1', port })
    await proxy.open()
    divert(port, proxy.port)
    await countEvents()
    await startOutboxRelay(context, pool, await createProducer(kafka), { pollMs: 50, maxDelayMs: 200 })
    await transaction(pool, async (client) => await appendToOutbox(client, facts, [counted(0, 'a')]))
    await eventually(async () => (await numbersOf('a')).length === 1)
    await proxy.cut()
    for (const number of [1, 2, 3]) {
      await transaction(pool, async (client) => await appendToOutbox(client, facts, [counted(number, 'a')]))
    }
    await eventually(async () => /outbox_failures_total\{[^}]*\} [1-9]/.test(await context.metrics.metrics()))
    const metrics = await context.metrics.metrics()
    expect(metrics).toMatch(/^outbox_depth\{[^}]*\} 3$/m)
    expect(Number(/^outbox_oldest_seconds\{[^}]*\} (\S+)$/m.exec(metrics)![1])).toBeGreaterThan(0)
    await proxy.open()
    await eventually(async () => (await numbersOf('a')).length === 4)
    expect(await numbersOf('a')).toEqual([0, 1, 2, 3])
    await proxy.cut()
  })

  it('goes on after the database has cut the relay’s connection', async () => {
    await countEvents()
    await startOutboxRelay(context, pool, await createProducer(kafka), { pollMs: 50 })
    for (const number of upTo(3)) {
      await transaction(pool, async (client) => await appendToOutbox(client, facts, [counted(number, 'a')]))
      await eventually(async () => (await numbersOf('a')).length === number + 1)
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'platform relay' and datname = current_database()`
      )
    }
    expect(await numbersOf('a')).toEqual(upTo(3))
  })
})

describe('the inbox', () => {
  it('gives each event once per group, also within one delivery, in order', async () => {
    const events = [counted(3, 'a', 'x'), counted(1, 'a', 'y'), counted(3, 'a', 'x'), counted(2, 'a', 'z')]
    const take = async (group: string): Promise<string[]> =>
      (await transaction(pool, async (client) => await takeNew(client, group, events))).map(({ id }) => id)
    expect(await take('one')).toEqual(['x', 'y', 'z'])
    expect(await take('one')).toEqual([])
    expect(await take('two')).toEqual(['x', 'y', 'z'])
  })

  it('gives an event to one of two that ask at the same time', async () => {
    const events = upTo(200).map((number) => counted(number, 'a', `e${number}`))
    const taken = await Promise.all(
      [events, events.toReversed(), events].map(
        async (delivery) => await transaction(pool, async (client) => (await takeNew(client, 'g', delivery)).length)
      )
    )
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(200)
  })

  it('forgets what is older than its time', async () => {
    await transaction(pool, async (client) => await takeNew(client, 'g', [counted(1), counted(2)]))
    await pool.query(
      `update inbox set received_at = now() - interval '2 days' where event_id = (select min(event_id) from inbox)`
    )
    expect(await sweepInbox(pool, 24 * 60 * 60 * 1000)).toBe(1)
    expect((await pool.query('select from inbox')).rowCount).toBe(1)
  })
})

describe('migrations', () => {
  it('are applied once, though several processes start together', async () => {
    const fresh = await freshPostgres()
    await Promise.all([1, 2, 3, 4].map(async () => await migrate(fresh.url, migrations, silent)))
    await migrate(fresh.url, migrations, silent)
    const client = new pg.Client({ connectionString: fresh.url })
    await client.connect()
    const { rows } = await client.query<{ name: string }>('select name from migrations')
    await client.end()
    expect(rows.map(({ name }) => name)).toEqual(['0001-counts'])
    await fresh.release()
  })

  it('fail whole: a mistake in one leaves nothing of it', async () => {
    const fresh = await freshPostgres()
    const broken = new URL('./support/broken-migrations/', import.meta.url)
    await expect(migrate(fresh.url, broken, silent)).rejects.toThrow(/nowhere/)
    await migrate(fresh.url, migrations, silent)
    await fresh.release()
  })
})

describe('a transaction', () => {
  it('is repeated where the database asks for it, and has its effect once', async () => {
    await pool.query(`insert into counts (key, number) values ('a', 0)`)
    const add = async (): Promise<void> =>
      await transaction(pool, async (client) => {
        await client.query('set transaction isolation level serializable')
        const { rows } = await client.query<{ number: number }>(`select number from counts where key = 'a'`)
        await client.query(`update counts set number = $1 where key = 'a'`, [rows[0]!.number + 1])
      })
    await Promise.all([add(), add()])
    expect(await numbersOf('a')).toEqual([2])
  })

  it('leaves no connection behind when its work throws or its connection breaks', async () => {
    for (let round = 0; round < 10; round += 1) {
      await expect(
        transaction(pool, async (client) => await client.query('select pg_terminate_backend(pg_backend_pid())'))
      ).rejects.toThrow(/terminat/)
      await expect(transaction(pool, async () => await Promise.reject(new Error('no')))).rejects.toThrow('no')
    }
    expect(pool.waitingCount).toBe(0)
    expect((await pool.query<{ one: number }>('select 1 as one')).rows[0]!.one).toBe(1)
  })
})
