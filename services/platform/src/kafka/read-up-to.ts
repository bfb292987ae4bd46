import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { toFailure } from '../errors.ts'
import type { KafkaHandle } from './client.ts'

/** Answers a moment (milliseconds since the epoch) up to which everything published was handled, or `undefined` while that is not shown. */
export type ReadUpTo = () => Promise<number | undefined>

interface Mark {
  at: number
  ends: Map<TopicDefinition, Map<number, bigint>>
}

/**
 * Shows how far this service's groups have read, over all its processes: notes the time and where the topics end, and answers that
 * time once the groups have committed up to there. A topic that is written to without pause does not keep it from answering.
 */
export function createReadUpTo(kafka: KafkaHandle, topics: readonly TopicDefinition[]): ReadUpTo {
  let connected: Admin | undefined
  let mark: Mark | undefined

  const discard = async (): Promise<void> => {
    const admin = connected
    connected = undefined
    // A connection to a broker that is gone may take long to end; nobody waits for it.
    if (admin) await Promise.race([admin.disconnect().catch(() => undefined), delay(2000, undefined, { ref: false })])
  }
  kafka.context.closers.add('read-up-to', discard, 'relays')

  return async () => {
    try {
      if (!connected) {
        const admin = kafka.client.admin()
        await admin.connect()
        connected = admin
      }
      mark ??= await takeMark(kafka, connected, topics)
      if (!(await reached(kafka, connected, mark))) return undefined
      const { at } = mark
      mark = undefined
      return at
    } catch (error) {
      await discard()
      throw toFailure(error)
    }
  }
}

async function takeMark(kafka: KafkaHandle, admin: Admin, topics: readonly TopicDefinition[]): Promise<Mark> {
  // The time first: what is published in between is beyond it.
  const at = kafka.context.clock()
  const ends = new Map<TopicDefinition, Map<number, bigint>>()
  for (const topic of topics) {
    const offsets = await admin.fetchTopicOffsets(kafka.topicName(topic))
    // A partition that holds nothing has nothing to read, whether or not its group ever committed.
    const filled = offsets.filter(({ low, high }) => BigInt(high) > BigInt(low))
    ends.set(topic, new Map(filled.map(({ partition, high }) => [partition, BigInt(high)])))
  }
  return { at, ends }
}

async function reached(kafka: KafkaHandle, admin: Admin, mark: Mark): Promise<boolean> {
  for (const [topic, ends] of mark.ends) {
    if (ends.size === 0) continue
    const name = kafka.topicName(topic)
    const [committed] = await admin.fetchOffsets({ groupId: kafka.groupName(topic), topics: [name] })
    const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]))
    for (const [partition, end] of ends) if ((offsets.get(partition) ?? -1n) < end) return false
  }
  return true
}
