import { setTimeout as delay } from 'node:timers/promises'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import type { Logger } from '../log.ts'
import type { KafkaHandle } from './client.ts'
import type { ConsumerMetrics } from './consumer-metrics.ts'
import type { RawMessage } from './events.ts'
import type { Progress } from './partition-worker.ts'

/** What is done with the messages of a partition, in order. It settles every failure itself and tells how far it came. */
export interface Worker {
  readonly batchSize: number
  work(partition: number, messages: readonly RawMessage[]): Promise<Progress>
}

/** One topic of a group. */
export interface TopicReader {
  worker: Worker
  metrics: ConsumerMetrics
}

export interface SupervisedOptions {
  group: string
  /** By the topic's name on the broker. */
  readers: ReadonlyMap<string, TopicReader>
  concurrency: number
  fromBeginning: boolean
  /** Done before each attempt to join. */
  prepare?: () => Promise<void>
  log: Logger
}

export interface Supervised {
  joined: Promise<void>
  stop(): Promise<void>
}

const HEARTBEAT_MS = 2000
/** A member that was killed keeps its partitions for so long, and a group that it left waits for it. */
const SESSION_MS = 10_000
/** So long the others wait, when members come or go, for one that finishes its batch. */
const REBALANCE_MS = 30_000
/** What a consumer does at its end is done within this, or the broker is away. */
const LEAVE_MS = 3000
/** No fetch and no heartbeat for so long means that the client hangs. */
const SILENCE_MS = 90_000

/**
 * Keeps one member of a consumer group alive. kafkajs restarts itself after some errors and stays dead after others, or hangs; so
 * its own restarting is switched off, and whatever ends it, a new consumer is made, with growing pauses, until it is to stop.
 */
export function superviseConsumer(kafka: KafkaHandle, options: SupervisedOptions): Supervised {
  const stopping = new AbortController()
  const joined = Promise.withResolvers<void>()
  const running = superviseUntilStopped(kafka, options, stopping.signal, joined.resolve)
  return {
    joined: joined.promise,
    stop: async () => {
      stopping.abort()
      await running
    }
  }
}

async function superviseUntilStopped(
  kafka: KafkaHandle,
  options: SupervisedOptions,
  signal: AbortSignal,
  onJoined: () => void
): Promise<void> {
  const { log } = options
  const tellConnected = (is: boolean): void => {
    for (const { metrics } of options.readers.values()) metrics.connected(is)
  }
  let failures = 0
  while (!signal.aborted) {
    try {
      await live(kafka, options, signal, () => {
        if (failures > 2) log.info('The consumer is back')
        failures = 0
        tellConnected(true)
        onJoined()
      })
    } catch (error) {
      failures += 1
      // Topics and brokers that come a moment later than we are no news.
      const about = { error, attempt: failures }
      if (failures === 3 || failures % 50 === 0) log.warn(about, 'The consumer has no connection and keeps trying')
      else log.debug(about, 'The consumer ended and begins again')
      await delay(Math.min(2000, 100 * 2 ** Math.min(failures, 10)) * (0.75 + Math.random() / 2), undefined, {
        signal
      }).catch(() => undefined)
    } finally {
      tellConnected(false)
    }
  }
}

/** The life of one kafkajs consumer: resolves when told to stop, rejects when it ends for another reason. */
async function live(
  kafka: KafkaHandle,
  options: SupervisedOptions,
  signal: AbortSignal,
  onJoined: () => void
): Promise<void> {
  const consumer = kafka.consuming.consumer({
    groupId: options.group,
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: REBALANCE_MS,
    heartbeatInterval: HEARTBEAT_MS,
    metadataMaxAge: 60_000,
    maxWaitTimeInMs: 500,
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 4, restartOnFailure: async () => false }
  })
  const ended = Promise.withResolvers<void>()
  const stop = (): void => ended.resolve()
  signal.addEventListener('abort', stop)
  const watch = watchOver(consumer, options, onJoined, ended.reject)
  const inHand = new Set<Promise<void>>()
  let wanted = true
  /** Given up while it waited for the broker, it must not join behind our back when the broker comes. */
  const still = async (step: Promise<void>): Promise<void> => {
    await step
    if (!wanted) throw new Error('The consumer was given up')
  }
  const begin = async (): Promise<void> => {
    if (options.prepare) await still(options.prepare())
    await still(consumer.connect())
    await still(consumer.subscribe({ topics: [...options.readers.keys()], fromBeginning: options.fromBeginning }))
    await still(
      consumer.run({
        autoCommit: true,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.concurrency,
        eachBatch: async (payload) => {
          const batch = eachBatch(payload, options, signal)
          inHand.add(batch)
          await batch.finally(() => inHand.delete(batch))
        }
      })
    )
  }
  // Not awaited by itself: while the broker is away it takes long, and the process may have to end meanwhile.
  const begun = begin()
  begun.catch(ended.reject)
  try {
    await ended.promise
  } finally {
    wanted = false
    signal.removeEventListener('abort', stop)
    clearInterval(watch)
    // Only after the beginning: a consumer that is told to leave while it joins forgets to, and stays as a member that nobody stops.
    const left = begun.catch(() => undefined).then(async () => await consumer.disconnect().catch(() => undefined))
    await Promise.allSettled(inHand)
    await Promise.race([left, delay(LEAVE_MS, undefined, { ref: false })])
  }
}

function watchOver(
  consumer: Consumer,
  options: SupervisedOptions,
  onJoined: () => void,
  reject: (error: Error) => void
): NodeJS.Timeout {
  let lastSign = performance.now()
  const assigned = new Map<string, readonly number[]>()
  const sign = (): void => {
    lastSign = performance.now()
  }
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  consumer.on(consumer.events.FETCH_START, sign)
  consumer.on(consumer.events.HEARTBEAT, sign)
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    sign()
    for (const [topic, { metrics }] of options.readers) {
      const now = payload.memberAssignment[topic] ?? []
      for (const partition of assigned.get(topic) ?? []) if (!now.includes(partition)) metrics.forget(partition)
      assigned.set(topic, now)
    }
    onJoined()
  })
  return setInterval(() => {
    if (performance.now() - lastSign > SILENCE_MS) reject(new Error('The consumer gave no sign of life'))
  }, 5000)
}

async function eachBatch(payload: EachBatchPayload, options: SupervisedOptions, signal: AbortSignal): Promise<void> {
  const { batch } = payload
  const { worker, metrics } = options.readers.get(batch.topic)!
  const highWatermark = Number(batch.highWatermark)
  metrics.lag(batch.partition, highWatermark - Number(batch.firstOffset() ?? highWatermark))
  const beat = keepBeating(payload)
  try {
    for (let start = 0; start < batch.messages.length; start += worker.batchSize) {
      if (!payload.isRunning() || payload.isStale() || signal.aborted) return
      const { doneOffset, pauseMs } = await worker.work(
        batch.partition,
        batch.messages.slice(start, start + worker.batchSize)
      )
      if (doneOffset !== undefined) {
        payload.resolveOffset(doneOffset)
        metrics.lag(batch.partition, highWatermark - Number(doneOffset) - 1)
        await payload.commitOffsetsIfNecessary(payload.uncommittedOffsets())
      }
      if (pauseMs !== undefined) {
        // The partition rests; the fetch loop goes on for the others and sends the heartbeats.
        setTimeout(payload.pause(), pauseMs)
        return
      }
      beat.throwIfLost()
    }
  } finally {
    beat.stop()
  }
}

/** Heartbeats while a handler takes its time. A lost membership is told to kafkajs after the handler, which is not cut off. */
function keepBeating({ heartbeat }: EachBatchPayload): { stop: () => void; throwIfLost: () => void } {
  let lost: Error | undefined
  const timer = setInterval(() => {
    heartbeat().catch((error: Error) => {
      lost = error
    })
  }, HEARTBEAT_MS)
  return {
    stop: () => clearInterval(timer),
    throwIfLost: () => {
      if (lost) throw lost
    }
  }
}
