import { afterEach, describe, expect, it } from 'vitest'
import { Fault, Refusal } from '@gavel/platform/errors.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { begin, context, deadLetters, end, kafka, lag, metric, producer } from './support/consuming.ts'
import { counted, facts, named } from './support/facts.ts'

afterEach(end)

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
    expect((await metric('kafka_consumer_dead_letters_total')).map(({ value }) => value)).toEqual([0, 0, 0])
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
    expect((await metric('kafka_consumer_dead_letters_total')).map(({ value }) => value)).toEqual([0, 0, 0])
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
