import { ListOffsetTimestamps, type Admin } from '@platformatic/kafka'
import { KafkaAway, type GroupDescription, type GroupOffsetsAsk, type GroupPartition } from './admin-port.ts'

/** The part of the admin port that speaks of consumer groups: who is there, and how far they have read. */

export async function describeGroups(admin: Admin, asked: readonly string[]): Promise<Map<string, GroupDescription>> {
  const groups = [...new Set(asked)]
  if (groups.length === 0) return new Map()
  const described = await admin.describeGroups({ groups })
  return new Map(
    groups.map((name) => {
      const group = described.get(name)
      if (!group) throw new KafkaAway(`Kafka described only a part of the groups: ${name} is missing`)
      const members = [...group.members.values()].map(({ id, clientId, clientHost, assignments }) => ({
        id,
        clientId,
        host: clientHost.replace(/^\//, ''),
        partitions: [...(assignments?.values() ?? [])].flatMap(({ topic, partitions }) =>
          partitions.map((partition) => `${topic}/${partition}`)
        )
      }))
      return [name, { state: group.state, members }]
    })
  )
}

/** One round of requests for all that is asked: the groups' commits, and the ends of each topic once, however many groups read it. */
export async function readGroupOffsets(admin: Admin, asks: readonly GroupOffsetsAsk[]): Promise<GroupPartition[][]> {
  const existing = new Set(await admin.listTopics({ includeInternals: true }))
  const topics = [...new Set(asks.flatMap((ask) => ask.topics))].filter((topic) => existing.has(topic))
  if (topics.length === 0) return asks.map(() => [])
  const metadata = await admin.metadata({ topics, forceUpdate: true, autocreateTopics: false })
  const partitionsOf = new Map(topics.map((topic) => [topic, metadata.topics.get(topic)?.partitionsCount ?? 0]))
  const indexes = (topic: string): number[] => Array.from({ length: partitionsOf.get(topic) ?? 0 }, (_, index) => index)
  const offsetsAt = async (timestamp: bigint): Promise<Map<string, number>> => {
    const listed = await admin.listOffsets({
      topics: topics.map((name) => ({
        name,
        partitions: indexes(name).map((partitionIndex) => ({ partitionIndex, timestamp }))
      }))
    })
    return new Map(
      listed.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, offset }): [string, number] => [`${name}/${partitionIndex}`, Number(offset)])
      )
    )
  }
  const [committed, ends, starts] = await Promise.all([
    committedOffsets(admin, asks, indexes),
    offsetsAt(ListOffsetTimestamps.LATEST),
    offsetsAt(ListOffsetTimestamps.EARLIEST)
  ])
  return asks.map(({ group, topics: wanted }) =>
    wanted.flatMap((topic) =>
      indexes(topic).map((partition): GroupPartition => {
        const key = `${topic}/${partition}`
        const end = ends.get(key)
        if (end === undefined) throw new KafkaAway(`Kafka did not tell the end of ${key}`)
        return { topic, partition, committed: committed.get(group)?.get(key), start: starts.get(key) ?? end, end }
      })
    )
  )
}

async function committedOffsets(
  admin: Admin,
  asks: readonly GroupOffsetsAsk[],
  indexes: (topic: string) => number[]
): Promise<Map<string, Map<string, number>>> {
  const topicsByGroup = new Map<string, Set<string>>()
  for (const { group, topics } of asks)
    topicsByGroup.set(group, new Set([...(topicsByGroup.get(group) ?? []), ...topics]))
  // A group asked for without topics would answer with everything it ever committed.
  const groups = [...topicsByGroup]
    .map(([groupId, topics]) => ({
      groupId,
      topics: [...topics].flatMap((name) =>
        indexes(name).length === 0 ? [] : [{ name, partitionIndexes: indexes(name) }]
      )
    }))
    .filter(({ topics }) => topics.length > 0)
  if (groups.length === 0) return new Map()
  const listed = await admin.listConsumerGroupOffsets({ groups })
  return new Map(
    listed.map(({ groupId, topics }) => [
      groupId,
      new Map(
        topics.flatMap(({ name, partitions }) =>
          // -1 is Kafka's «never committed».
          partitions.flatMap(({ partitionIndex, committedOffset }): [string, number][] =>
            committedOffset < 0n ? [] : [[`${name}/${partitionIndex}`, Number(committedOffset)]]
          )
        )
      )
    ])
  )
}
