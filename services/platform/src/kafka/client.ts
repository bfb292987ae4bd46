import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel as levels, type Admin, type logCreator } from 'kafkajs'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { topicConfig } from '@gavel/contracts/topics.ts'
import { Fault } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ServiceContext } from '../service.ts'
import { letConnectionsSleep } from './idle-connections.ts'

letConnectionsSleep()

export interface KafkaSettings {
  brokers: readonly string[]
  topicPrefix?: string
  clientId?: string
}

/** Kafka, as the rest of the platform sees it. `client` is for this folder alone: nothing outside of it knows which library it is. */
export interface KafkaHandle {
  readonly client: Kafka
  /** For producers: less patient, because whoever publishes waits for the answer and can try again. */
  readonly producing: Kafka
  /** For consumers: so patient that they keep their membership of the group while the broker is away for a minute or two. */
  readonly consuming: Kafka
  readonly context: ServiceContext
  readonly brokers: readonly string[]
  readonly prefix: string
  /** The topic's name on the broker. */
  topicName(topic: TopicDefinition | string): string
  /** The consumer group's name on the broker; `<service>.<topic>` where none is given. */
  groupName(topic: TopicDefinition | string, group?: string): string
}

/**
 * The library tells of every hiccup that it heals by itself, loudest when a broker is new. What is worth reading is logged by the
 * producer and the consumer, once; the rest is for debugging.
 */
const quietly =
  (log: Logger): logCreator =>
  () =>
  ({ namespace, log: { message, ...about } }) => {
    if (log.isLevelEnabled('debug')) log.debug({ part: `kafka ${namespace}`, ...about }, message)
  }

export function createKafka(settings: KafkaSettings, context: ServiceContext): KafkaHandle {
  const prefix = settings.topicPrefix ?? ''
  const common = {
    clientId: settings.clientId === undefined || settings.clientId === '' ? context.name : settings.clientId,
    brokers: [...settings.brokers],
    connectionTimeout: 3000,
    enforceRequestTimeout: true,
    logLevel: levels.INFO,
    logCreator: quietly(context.log)
  }
  // Few attempts, because each user of a client begins again from the start where these run out.
  const client = new Kafka({
    ...common,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2000, retries: 4 }
  })
  const producing = new Kafka({
    ...common,
    requestTimeout: 8000,
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 2 }
  })
  const consuming = new Kafka({
    ...common,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 100 }
  })
  const handle: KafkaHandle = {
    client,
    producing,
    consuming,
    context,
    brokers: settings.brokers,
    prefix,
    topicName: (topic) => prefix + (typeof topic === 'string' ? topic : topic.name),
    groupName: (topic, group) => prefix + (group ?? `${context.name}.${typeof topic === 'string' ? topic : topic.name}`)
  }
  // Not critical: outboxes and ledgers hold the events while the broker is away, and requests are still answered.
  context.health.add('kafka', async () => await reachAny(settings.brokers), { critical: false })
  return handle
}

/** The topic's name on the broker. */
export const topicName = (kafka: KafkaHandle, topic: TopicDefinition | string): string => kafka.topicName(topic)

async function reachAny(brokers: readonly string[]): Promise<void> {
  await Promise.any(brokers.map(reach)).catch((error: unknown) => {
    throw error instanceof AggregateError ? (error.errors[0] as Error) : error
  })
}

function reach(broker: string): Promise<void> {
  const colon = broker.lastIndexOf(':')
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: broker.slice(0, colon), port: Number(broker.slice(colon + 1)), timeout: 1500 })
    const end = (settle: () => void): void => {
      socket.destroy()
      settle()
    }
    socket.once('connect', () => end(resolve))
    socket.once('timeout', () => end(() => reject(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }))))
    socket.once('error', (error) => end(() => reject(error)))
  })
}

export interface WantedTopic {
  name: string
  partitions: number
  retentionMs?: number
  compactedWithinMs?: number
}

/** Makes the topics that are missing and leaves the others as they are. For the standalone mode, tests and dead letters. */
export async function ensureTopics(kafka: KafkaHandle, wanted: readonly WantedTopic[]): Promise<void> {
  const admin = kafka.client.admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = wanted.filter(({ name }) => !existing.has(kafka.topicName(name)))
    if (missing.length === 0) return
    const topics = missing.map(({ name, partitions, retentionMs, ...more }) => ({
      topic: kafka.topicName(name),
      numPartitions: partitions,
      replicationFactor: -1,
      configEntries:
        retentionMs === undefined
          ? []
          : Object.entries(topicConfig({ retentionMs, ...more })).map(([config, value]) => ({ name: config, value }))
    }))
    await admin.createTopics({ waitForLeaders: false, topics })
    await waitForLeaders(
      admin,
      topics.map(({ topic }) => topic)
    )
  } finally {
    await admin.disconnect()
  }
}

const LEADERS_MS = 30_000

/**
 * Waits until every partition has a leader that answers. kafkajs can wait by itself, and fails where the broker that it asks has not heard of the
 * topic yet, which is just what is waited for.
 */
async function waitForLeaders(admin: Admin, topics: string[]): Promise<void> {
  const end = performance.now() + LEADERS_MS
  for (;;) {
    const described = await admin.fetchTopicMetadata({ topics }).catch((error: Error) => error)
    const led =
      !(described instanceof Error) &&
      described.topics.length === topics.length &&
      described.topics.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0))
    // A broker may be named as leader before it knows that it is; whoever publishes then is refused. It is asked itself.
    if (led && (await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic))).catch(() => undefined))) return
    if (performance.now() > end) {
      const cause = described instanceof Error ? described : undefined
      throw new Fault(
        `Topics had no leader within ${LEADERS_MS / 1000} s: ${topics.join(', ')}`,
        cause === undefined ? {} : { cause }
      )
    }
    await delay(50)
  }
}
