import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Fault } from '@gavel/platform/errors.ts'
import { ensureTopics } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { begin, brokerPort, context, end, kafka, producer } from './support/consuming.ts'
import { counted, facts } from './support/facts.ts'
import { CuttableProxy, divert } from './support/proxy.ts'

afterEach(end)

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
