import { randomBytes } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { vi } from 'vitest'
import { createKafka, ensureTopics, type KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { createProducer, type Producer } from '@gavel/platform/kafka/producer.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { backends } from '../../../../test/support/backends.ts'
import { eventually } from '../../../../test/support/eventually.ts'

/** A context, a broker's handle and a producer for one test, under a prefix of its own. */

export const brokers = backends().kafka.split(',')
export const brokerPort = Number(brokers[0]!.split(':')[1])

export let context: ServiceContext
export let kafka: KafkaHandle
export let producer: Producer

const aContext = (): ServiceContext =>
  createContext({
    name: 'platform',
    log: createLog({ service: 'platform', level: process.env.TEST_LOG_LEVEL ?? 'silent' })
  })

export async function begin(options: { topic?: boolean } = {}): Promise<void> {
  context = aContext()
  kafka = createKafka({ brokers, topicPrefix: `t${randomBytes(5).toString('hex')}.` }, context)
  if (options.topic !== false) await ensureTopics(kafka, [{ name: 'facts', partitions: 3 }])
  producer = await createProducer(kafka)
}

/** For `afterEach`. */
export async function end(): Promise<void> {
  await context.closers.closeAll(20_000)
  vi.restoreAllMocks()
}

export const metric = async (name: string): Promise<{ labels: Record<string, unknown>; value: number }[]> => {
  const found = await context.metrics.getSingleMetric(name)?.get()
  return (found?.values ?? []) as { labels: Record<string, unknown>; value: number }[]
}

export const lag = async (): Promise<number> =>
  (await metric('kafka_consumer_lag')).reduce((sum, { value }) => sum + value, 0)

export async function deadLetters(
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
