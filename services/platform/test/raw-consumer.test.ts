import { afterEach, expect, it } from 'vitest'
import { startRawConsumer, type RawRecord } from '@gavel/platform/kafka/raw-consumer.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { begin, context, end, kafka, metric, producer } from './support/consuming.ts'

afterEach(end)

const retry = { initialDelayMs: 20, maxDelayMs: 100 }
const wanted = ['raw-one', 'raw-two'].map((name) => ({ name, partitions: 1 }))

it('makes the topics it lacks and hands over records of any form, topic by topic in their order', async () => {
  await begin({ topic: false })
  const seen: RawRecord[] = []
  const consumer = startRawConsumer(context, kafka, {
    group: 'raw',
    topics: wanted,
    retry,
    handleBatch: async (records) => {
      seen.push(...records)
    }
  })
  await consumer.joined
  const key = Buffer.from([0, 255])
  const headers = { bytes: Buffer.from([255]), many: ['a', 'b'] }
  await producer.send([
    { topic: kafka.topicName('raw-one'), key, value: Buffer.from([254]), headers },
    { topic: kafka.topicName('raw-one'), key: null, value: null, headers: {} },
    { topic: kafka.topicName('raw-two'), key: null, value: '', headers: {} }
  ])
  await eventually(() => seen.length === 3)
  const of = (topic: string): RawRecord[] => seen.filter((record) => record.topic === topic)
  expect(of('raw-one')).toMatchObject([
    {
      partition: 0,
      offset: '0',
      key,
      value: Buffer.from([254]),
      timestamp: expect.any(Number),
      headers: { bytes: Buffer.from([255]), many: [Buffer.from('a'), Buffer.from('b')] }
    },
    { partition: 0, offset: '1', key: null, value: null, headers: {} }
  ])
  expect(of('raw-two')).toMatchObject([{ offset: '0', value: Buffer.alloc(0) }])
})

it('brings the same records again for as long as they cannot be handled, and nothing beyond them', async () => {
  await begin({ topic: false })
  const seen: string[] = []
  let failures = 0
  let isBroken = true
  startRawConsumer(context, kafka, {
    group: 'raw',
    topics: wanted,
    retry,
    batchSize: 1,
    handleBatch: async ([record]) => {
      if (isBroken && record!.value?.toString() === '1') {
        failures += 1
        throw new TypeError('not yet')
      }
      seen.push(String(record!.value))
    }
  })
  const send = async (topic: string, value: string): Promise<void> =>
    await producer.send([{ topic: kafka.topicName(topic), key: null, value, headers: {} }])
  await eventually(async () => (await metric('kafka_consumer_connected')).some(({ value }) => value === 1))
  for (const value of ['0', '1', '2']) await send('raw-one', value)
  await send('raw-two', 'other')
  await eventually(() => failures > 2 && seen.length === 2)
  expect(seen.toSorted()).toEqual(['0', 'other'])
  isBroken = false
  await eventually(() => seen.length === 4)
  expect(seen.slice(2)).toEqual(['1', '2'])
})
