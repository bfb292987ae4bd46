import { randomBytes } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { createLog } from '@gavel/platform/log.ts'
import { Fault, Refusal } from '@gavel/platform/errors.ts'
import { createKafka, ensureTopics, type KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createProducer, type Producer } from '@gavel/platform/kafka/producer.ts'
import { backends } from '../../../test/support/backends.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { counted, facts, named } from './support/facts.ts'
import { CuttableProxy, divert } from './support/proxy.ts'

const brokers = backends().kafka.split(',')
const brokerPort = Number(brokers[0]!.split(':')[1])

let context: ServiceContext
let kafka: KafkaHandle
let producer: Producer

const aContext = (): ServiceContext =>
  createContext({
    name: 'platform',
    log: createLog({ service: 'platform', level: process.env.TEST_LOG_LEVEL ?? 'silent' })
  })

async function begin(options: { topic?: boolean } = {}): Promise<void> {
  context = aContext()
  kafka = createKafka({ brokers, topicPrefix: `t${randomBytes(5).toString('hex')}.` }, context)
  if (options.topic !== false) await ensureTopics(kafka, [{ name: 'facts', partitions: 3 }])
  producer = await createProducer(kafka)
}

afterEach(async () => {
  await context.closers.closeAll(20_000)
  vi.restoreAllMocks()
})

const metric = async (name: string): Promise<{ labels: Record<string, unknown>; value: number }[]> => {
  const found = await context.metrics.getSingleMetric(name)?.get()
  return (found?.values ?? []) as { labels: Record<string, unknown>; value: number }[]
}

const lag = async (): Promise<number> => (await metric('kafka_consumer_lag')).reduce((sum, { value }) => sum + value, 0)

async function deadLetters(
  group: string,
  count: number
): Promise<{ value: string; headers: Record<string, string> }[]> {
  const letters: { value: string; headers: Record<string, string> }[] = []
  const reader = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({
    groupId: `reader-${randomBytes(5).toString('hex')}`,
    maxWaitTimeInMs: 50
  })
  await reader.connect()
  await reader.subscribe({ topics: [`${group}.dlq`], fromBeginning: true })
  await reader.run({
    eachMessage: async ({ message }) => {
      const headers = Object.fromEntries(
        Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])
      )
      letters.push({ value: String(message.value), headers })
    }
  })
  try {
    await eventually(() => letters.length >= count, { withinMs: 20_000 })
    return letters
  } finally {
    await reader.disconnect()
  }
}

const quick = { attempts: 3, initialDelayMs: 20, maxDelayMs: 100 }

describe('a consumer', () => {
  it('gets the events of a key in order, in batches, with what their envelope says', async () => {
    await begin()
    const numbers: number[] = []
    let first: unknown
    await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          first ??= events[0]
          numbers.push(...events.map((event) => event.data.number))
        }
      }
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const events = Array.from({ length: 500 }, (_, index) => ({ ...counted(index), subject: 'a', traceparent }))
    await producer.publish(facts, events)
    await eventually(() => numbers.length === 500, { withinMs: 20_000 })
    expect(numbers).toEqual(events.map(({ data }) => data.number))
    expect(first).toMatchObject({
      id: events[0]!.id,
      name: 'Counted',
      key: 'one',
      source: 'test',
      subject: 'a',
      time: 1_700_000_000_000,
      traceparent
    })
    await eventually(async () => (await metric('kafka_consumer_lag')).length > 0 && (await lag()) === 0)
  })

  it('begins where it ended: what was handled is not handled again', async () => {
    await begin()
    const numbers: number[] = []
    const handleBatch = async (events: { data: object }[]): Promise<void> => {
      numbers.push(...events.map(({ data }) => (data as { number: number }).number))
    }
    const consumer = await startConsumer(context, kafka, { topic: facts, handleBatch })
    await producer.publish(facts, [counted(1), counted(2)])
    await eventually(() => numbers.length === 2, { withinMs: 20_000 })
    await consumer.stop()
    await producer.publish(facts, [counted(3)])
    await startConsumer(context, kafka, { topic: facts, handleBatch })
    await eventually(() => numbers.includes(3), { withinMs: 20_000 })
    expect(numbers).toEqual([1, 2, 3])
  })

  it('tries a faulty batch again after a pause, in which other partitions go on', async () => {
    await begin()
    const seen: string[] = []
    let faults = 0
    await startConsumer(context, kafka, {
      topic: facts,
      retry: { ...quick, attempts: 20 },
      handleBatch: async (events) => {
        if (events[0]!.key === 'slow' && faults < 5) {
          faults += 1
          throw new Fault('not now')
        }
        seen.push(...events.map(({ key }) => key))
      }
    })
    await producer.publish(facts, [counted(1, 'slow')])
    await eventually(() => faults >= 2, { withinMs: 20_000 })
    await producer.publish(facts, [counted(2, 'b'), counted(3, 'c'), counted(4, 'd'), counted(5, 'e')])
    await eventually(() => seen.length === 5)
    expect(seen.filter((key) => key === 'slow')).toHaveLength(1)
    expect((await metric('kafka_consumer_retries_total'))[0]!.value).toBe(5)
    expect(await metric('kafka_consumer_dead_letters_total')).toEqual([])
  })

  it('narrows a failing batch down to the one event that causes it, puts that away, and handles all others once', async () => {
    await begin()
    const numbers: number[] = []
    const consumer = await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          if (events.some(({ data }) => data.number === 37)) throw new TypeError('thirty-seven is not supported')
          numbers.push(...events.map(({ data }) => data.number))
        }
      }
    })
    await producer.publish(
      facts,
      Array.from({ length: 100 }, (_, index) => counted(index))
    )
    await eventually(() => numbers.length === 99, { withinMs: 20_000 })
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index).filter((number) => number !== 37))
    const [letter] = await deadLetters(consumer.group, 1)
    expect(letter).toMatchObject({
      value: '{"number":37}',
      headers: {
        ce_type: 'gavel.Counted.v1',
        dead_reason: 'bug',
        dead_error: expect.stringContaining('thirty-seven'),
        dead_topic: kafka.topicName('facts'),
        dead_offset: '37',
        dead_attempts: '1',
        dead_partition: expect.any(String)
      }
    })
  })

  it('puts an event away after its last attempt, and never one that only meets a database which is not there', async () => {
    await begin()
    const handled: number[] = []
    let unreachable = 0
    const consumer = await startConsumer(context, kafka, {
      topic: facts,
      retry: { attempts: 2, initialDelayMs: 5, maxDelayMs: 10 },
      handlers: {
        Counted: async ([event]) => {
          if (event!.data.number === 1) throw new Fault('the provider says come later')
          if (unreachable < 10) {
            unreachable += 1
            throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
          }
          handled.push(event!.data.number)
        }
      },
      batchSize: 1
    })
    await producer.publish(facts, [counted(1), counted(2)])
    await eventually(() => handled.length === 1, { withinMs: 20_000 })
    expect(handled).toEqual([2])
    const letters = await deadLetters(consumer.group, 1)
    expect(letters).toHaveLength(1)
    expect(letters[0]!.headers).toMatchObject({ dead_reason: 'fault', dead_attempts: '2' })
  })

  it('counts a refusal as handled', async () => {
    await begin()
    const numbers: number[] = []
    await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          if (events.some(({ data }) => data.number === 1)) throw new Refusal('INVALID_INPUT')
          numbers.push(...events.map(({ data }) => data.number))
        }
      }
    })
    await producer.publish(facts, [counted(0), counted(1), counted(2)])
    await eventually(() => numbers.length === 2, { withinMs: 20_000 })
    expect(numbers).toEqual([0, 2])
    expect(await metric('kafka_consumer_dead_letters_total')).toEqual([])
  })

  it('puts away what is no event of the topic, and handles its neighbours', async () => {
    await begin()
    const seen: unknown[] = []
    const consumer = await startConsumer(context, kafka, {
      topic: facts,
      handleBatch: async (events) => {
        seen.push(...events.map(({ data }) => data))
      }
    })
    const topic = kafka.topicName(facts)
    const headers = { ce_id: 'x', ce_type: 'gavel.Counted.v1', ce_source: 'test' }
    await producer.publish(facts, [counted(1)])
    await producer.send([
      { topic, key: 'one', value: 'not json', headers },
      { topic, key: 'one', value: '{"number":"one"}', headers },
      { topic, key: 'one', value: '{"number":1}', headers: { ...headers, ce_type: 'gavel.Unheard.v1' } },
      { topic, key: 'one', value: '{"number":1}', headers: {} },
      { topic, key: 'one', value: null, headers }
    ])
    await producer.publish(facts, [named('last')])
    await eventually(() => seen.length === 2, { withinMs: 20_000 })
    expect(seen).toEqual([{ number: 1 }, { name: 'last' }])
    const letters = await deadLetters(consumer.group, 5)
    expect(letters.map(({ headers: { dead_reason } }) => dead_reason)).toEqual(
      Array.from({ length: 5 }, () => 'undecodable')
    )
    expect(letters[1]!.headers.dead_error).toContain('number must be of type integer')
  })

  it('finishes the batch in hand when it is stopped, and commits it', async () => {
    await begin()
    const entered = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const numbers: number[] = []
    const first = await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          entered.resolve()
          await release.promise
          numbers.push(...events.map(({ data }) => data.number))
        }
      }
    })
    await producer.publish(facts, [counted(1)])
    await entered.promise
    let stopped = false
    const stopping = first.stop().then(() => {
      stopped = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(stopped).toBe(false)
    release.resolve()
    await stopping
    expect(numbers).toEqual([1])
    await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          numbers.push(...events.map(({ data }) => data.number))
        }
      }
    })
    await producer.publish(facts, [counted(2)])
    await eventually(() => numbers.includes(2), { withinMs: 20_000 })
    expect(numbers).toEqual([1, 2])
  })
})

describe('when Kafka is away', () => {
  let proxy: CuttableProxy

  beforeAll(async () => {
    proxy = new CuttableProxy({ host: '127.0.0.1', port: brokerPort })
  })

  afterEach(async () => {
    await proxy.cut()
  })

  async function behindProxy(): Promise<{ consumer: RunningConsumer; numbers: number[] }> {
    await proxy.open()
    divert(brokerPort, proxy.port)
    const numbers: number[] = []
    const consumer = await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          numbers.push(...events.map(({ data }) => data.number))
        }
      }
    })
    return { consumer, numbers }
  }

  it('a consumer that started before the topic gets its events once it is there', async () => {
    await begin({ topic: false })
    const numbers: number[] = []
    const consumer = await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          numbers.push(...events.map(({ data }) => data.number))
        }
      }
    })
    const early = producer.publish(facts, [counted(0)])
    await expect(early).rejects.toBeInstanceOf(Fault)
    await ensureTopics(kafka, [{ name: 'facts', partitions: 3 }])
    await consumer.joined
    await producer.publish(facts, [counted(1)])
    await eventually(() => numbers.length === 1, { withinMs: 20_000 })
  })

  it('a consumer that started before the broker joins once it is there', async () => {
    await begin()
    const { consumer, numbers } = await behindProxy()
    await consumer.joined
    await consumer.stop()
    await proxy.cut()
    const late = await startConsumer(context, kafka, {
      topic: facts,
      handlers: {
        Counted: async (events) => {
          numbers.push(...events.map(({ data }) => data.number))
        }
      }
    })
    expect((await context.health.read()).parts.kafka).toMatchObject({ status: 'down' })
    expect((await context.health.read()).status).toBe('ready')
    await proxy.open()
    await late.joined
    await producer.publish(facts, [counted(1)])
    await eventually(() => numbers.includes(1), { withinMs: 30_000 })
  })

  it('publishing fails with a Fault after a bounded time, and nothing is lost or doubled in its place when it works again', async () => {
    await begin()
    const { numbers } = await behindProxy()
    await producer.publish(facts, [counted(1)])
    await eventually(() => numbers.length === 1, { withinMs: 20_000 })
    await proxy.cut()
    await expect(producer.publish(facts, [counted(2)])).rejects.toBeInstanceOf(Fault)
    await expect(producer.publish(facts, [counted(3)])).rejects.toBeInstanceOf(Fault)
    await proxy.open()
    await eventually(
      async () => {
        await producer.publish(facts, [counted(4)])
        return true
      },
      { withinMs: 20_000 }
    )
    await producer.publish(facts, [counted(5)])
    await eventually(() => numbers.includes(5), { withinMs: 30_000 })
    // What was given up is the caller's to send again; what was acknowledged is there, once and in order.
    expect(numbers.filter((number) => number > 3)).toEqual([4, 5])
  })

  it('a consumer goes on where it was after connections were cut, again and again', async () => {
    await begin()
    const { numbers } = await behindProxy()
    for (let round = 1; round <= 3; round += 1) {
      await eventually(
        async () => {
          await producer.publish(facts, [counted(round)])
          return true
        },
        { withinMs: 30_000 }
      )
      await eventually(() => numbers.includes(round), { withinMs: 40_000 })
      await proxy.cut()
      await proxy.open()
    }
    expect(numbers).toEqual([1, 2, 3])
  })

  it('a consumer notices connections in which nothing moves any more', async () => {
    await begin()
    const { numbers } = await behindProxy()
    await producer.publish(facts, [counted(1)])
    await eventually(() => numbers.length === 1, { withinMs: 20_000 })
    proxy.stall()
    await expect(producer.publish(facts, [counted(2)])).rejects.toBeInstanceOf(Fault)
    await proxy.cut()
    await proxy.open()
    await eventually(
      async () => {
        await producer.publish(facts, [counted(3)])
        return true
      },
      { withinMs: 60_000 }
    )
    await eventually(() => numbers.includes(3), { withinMs: 60_000 })
  }, 180_000)
})
