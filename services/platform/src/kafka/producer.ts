import { setTimeout as delay } from 'node:timers/promises'
import { Partitioners, type Producer as Client } from 'kafkajs'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { Fault } from '../errors.ts'
import { counter } from '../metrics.ts'
import { currentTraceparent, outsideTraces } from '../telemetry.ts'
import type { KafkaHandle } from './client.ts'
import { encodeEvent, type OutgoingEvent } from './events.ts'
import { sendInSpans } from './spans.ts'

export type { OutgoingEvent } from './events.ts'

/** A message ready to be sent: an outbox row, a dead letter. */
export interface ReadyMessage {
  topic: string
  key: string | Buffer | null
  value: string | Buffer | null
  headers: Record<string, string | Buffer | (string | Buffer)[]>
  partition?: number
}

export interface Producer {
  /** Resolves once all in-sync replicas have the events; rejects with a Fault after a bounded number of attempts. */
  publish(topic: TopicDefinition, events: readonly OutgoingEvent[]): Promise<void>
  /** The same for messages that are encoded already; `topic` is the name on the broker. */
  send(messages: readonly ReadyMessage[]): Promise<void>
  /** A topic's name on the broker. */
  topicName(topic: TopicDefinition | string): string
  close(): Promise<void>
}

interface Waiting {
  messages: readonly ReadyMessage[]
  resolve: () => void
  reject: (error: Fault) => void
}

/** Bounds of one request to the broker, and of what may wait for it. */
const MESSAGES_PER_REQUEST = 2000
const MAX_WAITING = 100_000

/**
 * One request is in flight at a time, and what comes meanwhile goes into the next: order is kept, and the busier it is the larger
 * the batches. It is also what makes kafkajs' idempotence safe. That library takes a request's sequence numbers back when the
 * request fails, though the broker may have stored it; the next batch of equal size would then be dropped as its double. So no
 * other request may follow a failed one from the same producer: it is thrown away and the next begins with an id of its own.
 */
class QueueingProducer implements Producer {
  readonly #kafka: KafkaHandle
  readonly #queue: Waiting[] = []
  readonly #published
  readonly #failed
  #waitingMessages = 0
  #client: Client | undefined
  #pumping: Promise<void> | undefined
  #closed = false

  constructor(kafka: KafkaHandle) {
    this.#kafka = kafka
    const { metrics } = kafka.context
    this.#published = counter(metrics, {
      name: 'kafka_producer_messages_total',
      help: 'Messages acknowledged by the broker.',
      labelNames: ['topic']
    })
    this.#failed = counter(metrics, {
      name: 'kafka_producer_failures_total',
      help: 'Requests given up after their last attempt.'
    })
  }

  topicName(topic: TopicDefinition | string): string {
    return this.#kafka.topicName(topic)
  }

  async publish(topic: TopicDefinition, events: readonly OutgoingEvent[]): Promise<void> {
    if (events.length === 0) return
    const traceparent = currentTraceparent()
    const name = this.#kafka.topicName(topic)
    await this.send(
      events.map((event) => ({
        topic: name,
        ...encodeEvent(event.traceparent === undefined && traceparent !== undefined ? { ...event, traceparent } : event)
      }))
    )
  }

  send(messages: readonly ReadyMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve()
    if (this.#closed) return Promise.reject(new Fault('The producer is closed'))
    if (this.#waitingMessages + messages.length > MAX_WAITING)
      return Promise.reject(new Fault('Too many messages wait for the broker'))
    const sending = sendInSpans(messages)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#queue.push({
      messages: sending.messages,
      resolve: () => {
        sending.end()
        resolve()
      },
      reject: (error) => {
        sending.end(error)
        reject(error)
      }
    })
    this.#waitingMessages += messages.length
    this.#pumping ??= outsideTraces(() => this.#pump())
    return promise
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#pumping
    await this.#discard()
  }

  async #pump(): Promise<void> {
    // What is published in the same turn of the event loop goes out together.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#request(group.flatMap(({ messages }) => messages))
        for (const { resolve } of group) resolve()
      } catch (error) {
        this.#failed.inc()
        const fault = new Fault('The broker did not take the messages', { cause: error, unreachable: true })
        for (const { reject } of group) reject(fault)
      }
    }
    this.#pumping = undefined
  }

  #takeGroup(): Waiting[] {
    const group: Waiting[] = []
    let count = 0
    while (this.#queue.length > 0 && (count === 0 || count + this.#queue[0]!.messages.length <= MESSAGES_PER_REQUEST)) {
      const waiting = this.#queue.shift()!
      group.push(waiting)
      count += waiting.messages.length
    }
    this.#waitingMessages -= count
    return group
  }

  async #request(messages: readonly ReadyMessage[]): Promise<void> {
    const byTopic = Map.groupBy(messages, ({ topic }) => topic)
    try {
      this.#client ??= await this.#connect()
      await this.#client.sendBatch({
        acks: -1,
        // The broker's own limit for its replicas, below the client's for the whole request.
        timeout: 6000,
        topicMessages: [...byTopic].map(([topic, ofTopic]) => ({
          topic,
          messages: ofTopic.map(({ key, value, headers, partition }) =>
            partition === undefined ? { key, value, headers } : { key, value, headers, partition }
          )
        }))
      })
    } catch (error) {
      await this.#discard()
      throw error
    }
    for (const [topic, ofTopic] of byTopic) this.#published.inc({ topic }, ofTopic.length)
  }

  async #connect(): Promise<Client> {
    const client = this.#kafka.producing.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      metadataMaxAge: 60_000,
      retry: { initialRetryTime: 200, maxRetryTime: 1000, retries: 2 }
    })
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.disconnect().catch(() => undefined)
      throw error
    }
  }

  async #discard(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    // A connection to a broker that is gone may take long to end; nobody waits for it.
    if (client) await Promise.race([client.disconnect().catch(() => undefined), delay(2000, undefined, { ref: false })])
  }
}

/** For a part of this folder that closes it by itself. */
export const createUnregisteredProducer = (kafka: KafkaHandle): Producer => new QueueingProducer(kafka)

/** Connects on first use, so that a service starts while the broker is away. */
export async function createProducer(kafka: KafkaHandle): Promise<Producer> {
  const producer = new QueueingProducer(kafka)
  kafka.context.closers.add('producer', async () => await producer.close(), 'producers')
  return producer
}
