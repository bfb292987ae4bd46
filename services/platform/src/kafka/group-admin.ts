import { setTimeout as delay } from 'node:timers/promises'
import { AssignerProtocol, type Admin } from 'kafkajs'
import { toFailure } from '../errors.ts'
import type { KafkaHandle } from './client.ts'

/** A group and the topic it reads, by their names without the prefix. */
export interface GroupAsk {
  group: string
  topic: string
}

export interface SeenGroup {
  group: string
  /** `client@host`, and partitions as `topic/3`; none while the group shares them out anew. */
  members: { name: string; partitions: string[] }[]
  partitions: { key: string; committed: number | undefined; start: number; end: number }[]
  topicExists: boolean
}

export interface GroupAdmin {
  /** Every group asked for, as it is now, in one round. Throws a Fault where the brokers cannot be asked within the time. */
  read(asks: readonly GroupAsk[]): Promise<SeenGroup[]>
}

/** A broker that hangs must not hold up a round for as long as the client's own retries would. */
const ROUND_MS = 10_000

/** Consumer groups as the brokers see them. Reads only: it makes no topic, joins no group and moves no offset. */
export function createGroupAdmin(kafka: KafkaHandle): GroupAdmin {
  let connected: Admin | undefined

  const discard = async (): Promise<void> => {
    const admin = connected
    connected = undefined
    // A connection to a broker that is gone may take long to end; nobody waits for it.
    if (admin) await Promise.race([admin.disconnect().catch(() => undefined), delay(2000, undefined, { ref: false })])
  }
  kafka.context.closers.add('group-admin', discard, 'relays')

  return {
    async read(asks) {
      try {
        if (!connected) {
          const admin = kafka.client.admin()
          connected = admin
          await within(admin.connect())
        }
        return await within(readRound(kafka, connected, asks))
      } catch (error) {
        await discard()
        throw toFailure(error)
      }
    }
  }
}

/** The client cannot be interrupted; a late answer is left to itself. */
async function within<T>(asked: Promise<T>): Promise<T> {
  const late = new AbortController()
  try {
    return await Promise.race([
      asked,
      delay(ROUND_MS, undefined, { ref: false, signal: late.signal }).then(() => {
        throw Object.assign(new Error(`no answer within ${ROUND_MS} ms`), { code: 'ETIMEDOUT' })
      })
    ])
  } finally {
    late.abort()
    asked.catch(() => undefined)
  }
}

type Ends = Map<string, { partition: number; start: number; end: number }[]>

async function readRound(kafka: KafkaHandle, admin: Admin, asks: readonly GroupAsk[]): Promise<SeenGroup[]> {
  if (asks.length === 0) return []
  // Listed first: to ask for a topic that is missing would be retried, and cost the round its time.
  const existing = new Set(await admin.listTopics())
  const [{ groups }, committed] = await Promise.all([
    admin.describeGroups(asks.map(({ group }) => kafka.groupName('', group))),
    Promise.all(asks.map((ask) => readCommitted(kafka, admin, ask, existing)))
  ])
  // The ends after the commits, so that no group is seen ahead of its topic.
  const ends = await readEnds(kafka, admin, new Set(asks.map(({ topic }) => topic)), existing)
  const described = new Map(groups.map((group) => [group.groupId, group]))
  return asks.map(({ group, topic }, index) => ({
    group,
    topicExists: existing.has(kafka.topicName(topic)),
    members: (described.get(kafka.groupName('', group))?.members ?? []).map((member) => ({
      name: `${member.clientId}@${member.clientHost.replace(/^\//, '')}`,
      partitions: assignedTo(member.memberAssignment, kafka.prefix)
    })),
    partitions: (ends.get(topic) ?? []).map(({ partition, start, end }) => ({
      key: `${topic}/${partition}`,
      committed: committed[index]?.get(partition),
      start,
      end
    }))
  }))
}

async function readCommitted(
  kafka: KafkaHandle,
  admin: Admin,
  { group, topic }: GroupAsk,
  existing: ReadonlySet<string>
): Promise<Map<number, number>> {
  const name = kafka.topicName(topic)
  if (!existing.has(name)) return new Map()
  const [found] = await admin.fetchOffsets({ groupId: kafka.groupName('', group), topics: [name] })
  return new Map(
    (found?.partitions ?? [])
      .map(({ partition, offset }): [number, number] => [partition, Number(offset)])
      .filter(([, offset]) => offset >= 0)
  )
}

/** Once a topic, however many groups read it. */
async function readEnds(
  kafka: KafkaHandle,
  admin: Admin,
  topics: ReadonlySet<string>,
  existing: ReadonlySet<string>
): Promise<Ends> {
  const read = await Promise.all(
    [...topics]
      .filter((topic) => existing.has(kafka.topicName(topic)))
      .map(async (topic) => {
        const offsets = await admin.fetchTopicOffsets(kafka.topicName(topic))
        const ends = offsets.map(({ partition, low, high }) => ({ partition, start: Number(low), end: Number(high) }))
        return [topic, ends.toSorted((a, b) => a.partition - b.partition)] as const
      })
  )
  return new Map(read)
}

function assignedTo(assignment: Buffer, prefix: string): string[] {
  const decoded = assignment.length === 0 ? null : AssignerProtocol.MemberAssignment.decode(assignment)
  return Object.entries(decoded?.assignment ?? {}).flatMap(([topic, partitions]) =>
    partitions.map((partition) => `${topic.startsWith(prefix) ? topic.slice(prefix.length) : topic}/${partition}`)
  )
}
