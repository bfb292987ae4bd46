import type { Logger } from '../log.ts'
import type { ServiceContext } from '../service.ts'
import { ensureTopics, type KafkaHandle, type WantedTopic } from './client.ts'
import { consumerMetrics, type ConsumerMetrics } from './consumer-metrics.ts'
import type { RunningConsumer } from './consumer.ts'
import type { RawMessage } from './events.ts'
import { superviseConsumer, type TopicReader, type Worker } from './supervisor.ts'

/** A message as it is on the broker: nothing is decoded, and nothing is checked. */
export interface RawRecord {
  /** Without the prefix. */
  topic: string
  partition: number
  /** A decimal number. */
  offset: string
  key: Buffer | null
  value: Buffer | null
  headers: NonNullable<RawMessage['headers']>
  /** Milliseconds since the Unix epoch, as the broker has it. */
  timestamp: number
}

export interface RawConsumerOptions {
  /** Read by one member together. What is missing is made first. */
  topics: readonly WantedTopic[]
  /** The prefix is put before it. */
  group: string
  batchSize?: number
  retry?: { initialDelayMs: number; maxDelayMs: number }
  /** Records of one partition, in order. Whatever it throws, the same records come again after a pause, without end. */
  handleBatch: (records: RawRecord[]) => Promise<void>
}

/**
 * Reads topics whose messages need not be events, as they are. Nothing is passed over: there is no place where a record that cannot
 * be handled would go, so its partition waits for a handler that can.
 */
export function startRawConsumer(
  context: ServiceContext,
  kafka: KafkaHandle,
  options: RawConsumerOptions
): RunningConsumer {
  const group = kafka.groupName('', options.group)
  const log = context.log.child({ group })
  const readers = options.topics.map(({ name }): [string, TopicReader] => {
    const metrics = consumerMetrics(context.metrics, group, kafka.topicName(name))
    return [kafka.topicName(name), { metrics, worker: new RawWorker(name, options, metrics, log) }]
  })
  const supervised = superviseConsumer(kafka, {
    group,
    readers: new Map(readers),
    concurrency: 1,
    fromBeginning: true,
    prepare: async () => await ensureTopics(kafka, options.topics),
    log
  })
  const stop = async (): Promise<void> => await supervised.stop()
  context.closers.add(`consumer ${group}`, stop, 'consumers')
  return { group, joined: supervised.joined, stop }
}

class RawWorker implements Worker {
  readonly batchSize: number
  readonly #topic: string
  readonly #options: RawConsumerOptions
  readonly #metrics: ConsumerMetrics
  readonly #log: Logger
  readonly #failures = new Map<number, number>()

  constructor(topic: string, options: RawConsumerOptions, metrics: ConsumerMetrics, log: Logger) {
    this.batchSize = options.batchSize ?? 100
    this.#topic = topic
    this.#options = options
    this.#metrics = metrics
    this.#log = log
  }

  async work(partition: number, messages: readonly RawMessage[]) {
    const records = messages.map(({ offset, key, value, headers, timestamp }) => ({
      topic: this.#topic,
      partition,
      offset,
      key,
      value,
      headers: headers ?? {},
      timestamp: Number(timestamp)
    }))
    const startedAt = performance.now()
    try {
      await this.#options.handleBatch(records)
      this.#failures.delete(partition)
      this.#metrics.events('handled', records.length)
      return { doneOffset: messages.at(-1)!.offset, pauseMs: undefined }
    } catch (error) {
      return { doneOffset: undefined, pauseMs: this.#pauseAfter(partition, error) }
    } finally {
      this.#metrics.batch((performance.now() - startedAt) / 1000)
    }
  }

  #pauseAfter(partition: number, error: unknown): number {
    const { initialDelayMs, maxDelayMs } = this.#options.retry ?? { initialDelayMs: 100, maxDelayMs: 10_000 }
    const attempt = (this.#failures.get(partition) ?? 0) + 1
    this.#failures.set(partition, attempt)
    this.#metrics.retried()
    const about = { error, attempt, topic: this.#topic, partition }
    if (attempt === 1 || attempt % 20 === 0) this.#log.warn(about, 'Records could not be handled and are tried again')
    else this.#log.debug(about, 'Records could not be handled and are tried again')
    return Math.min(maxDelayMs, initialDelayMs * 2 ** Math.min(attempt - 1, 20)) * (0.75 + Math.random() / 2)
  }
}
