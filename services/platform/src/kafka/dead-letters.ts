import { deadLetterPartitions, deadLetterRetentionMs, deadLetterTopic } from '@gavel/contracts/topics.ts'
import { ensureTopics, type KafkaHandle } from './client.ts'
import type { DeadReason } from './consumer-metrics.ts'
import type { RawMessage } from './events.ts'
import { createUnregisteredProducer, type Producer, type ReadyMessage } from './producer.ts'

export interface DeadLetter {
  message: RawMessage
  topic: string
  partition: number
  reason: DeadReason
  error: unknown
  attempts: number
  /** What the letter carries on instead of the message's own. */
  traceparent: string | undefined
}

export interface DeadLetters {
  /** Rejects with a Fault where the letter could not be stored: then the event must not be passed over. */
  bury(letter: DeadLetter): Promise<void>
  close(): Promise<void>
}

type ReadyHeaders = ReadyMessage['headers']

/** What a reader needs to judge and to send the event again: the message as it was, and why it is here. */
function headersOf(letter: DeadLetter, group: string): ReadyHeaders {
  const original: ReadyHeaders = {}
  for (const [name, value] of Object.entries(letter.message.headers ?? {}))
    if (value !== undefined) original[name] = value
  const { error } = letter
  return {
    ...original,
    ...(letter.traceparent !== undefined && { traceparent: letter.traceparent }),
    dead_reason: letter.reason,
    dead_error: (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 1000),
    dead_group: group,
    dead_topic: letter.topic,
    dead_partition: String(letter.partition),
    dead_offset: letter.message.offset,
    dead_attempts: String(letter.attempts),
    dead_time: new Date().toISOString()
  }
}

export function createDeadLetters(kafka: KafkaHandle, group: string): DeadLetters {
  let producer: Producer | undefined
  let existing = false
  // The group's name carries the prefix already.
  const topic = deadLetterTopic(group)
  return {
    async bury(letter) {
      if (!existing) {
        const name = topic.slice(kafka.prefix.length)
        await ensureTopics(kafka, [{ name, partitions: deadLetterPartitions, retentionMs: deadLetterRetentionMs }])
        existing = true
      }
      producer ??= createUnregisteredProducer(kafka)
      const { key, value } = letter.message
      await producer.send([{ topic, key, value, headers: headersOf(letter, group) }])
    },
    close: async () => await producer?.close()
  }
}
