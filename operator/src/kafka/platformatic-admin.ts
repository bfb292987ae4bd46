import {
  Admin,
  ConfigResourceTypes,
  ConfigSources,
  IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps
} from '@platformatic/kafka'
import { describeGroups, readGroupOffsets } from './platformatic-groups.ts'
import {
  KafkaAway,
  KafkaRefusal,
  type KafkaAdminPort,
  type NewTopic,
  type Outcomes,
  type TopicDescription
} from './admin-port.ts'

/** Kafka's error codes that mean «no», as opposed to «not now». */
const refusals = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_ALREADY_EXISTS',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
  'INVALID_REQUEST',
  'POLICY_VIOLATION',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TOPIC_DELETION_DISABLED',
  'UNKNOWN_TOPIC_OR_PARTITION'
])

/**
 * The admin port over @platformatic/kafka, which speaks incremental config changes: kafkajs can only replace the whole configuration of a
 * topic, and between its read and its write somebody else's change would be lost.
 */
export function createKafkaAdmin(options: { brokers: string[]; clientId: string; timeoutMs?: number }): KafkaAdminPort {
  const connection = {
    clientId: options.clientId,
    bootstrapBrokers: options.brokers,
    timeout: options.timeoutMs ?? 15_000,
    connectTimeout: 5_000
  }
  // Reading may be repeated at will: a partition that was just made has no leader for a moment.
  const reader = new Admin({ ...connection, retries: 3, retryDelay: 200 })
  // Writing is retried by the work queue. The client would repeat a batch of which a part has succeeded, and report that part as refused.
  const admin = new Admin({ ...connection, retries: 0 })
  return {
    describeTopics: (topics, configKeys) => away(() => describeTopics(reader, topics, configKeys)),
    async createTopics(topics) {
      const outcomes: Outcomes = new Map()
      // One request carries one set of configs, so topics that ask for the same travel together.
      for (const group of groupBy(topics, ({ config }) => JSON.stringify(config))) {
        const configs = Object.entries(group[0]?.config ?? {}).map(([name, value]) => ({ name, value }))
        await batch(outcomes, () => admin.createTopics({ topics: group.map(asNewTopic), configs }))
      }
      return outcomes
    },
    async addPartitions(topics) {
      const outcomes: Outcomes = new Map()
      await batch(outcomes, () =>
        admin.createPartitions({
          topics: topics.map(({ topic, total }) => ({ name: topic, count: total, assignments: null }))
        })
      )
      return outcomes
    },
    async changeConfigs(topics) {
      const outcomes: Outcomes = new Map()
      await batch(outcomes, () => admin.incrementalAlterConfigs({ resources: topics.map(asAlteration) }))
      return outcomes
    },
    async deleteTopics(topics) {
      const outcomes: Outcomes = new Map()
      await batch(outcomes, () => admin.deleteTopics({ topics: [...topics] }))
      return outcomes
    },
    activeGroups: () => away(() => activeGroups(reader)),
    describeGroups: (groups) => away(() => describeGroups(reader, groups)),
    readGroupOffsets: (asks) => away(() => readGroupOffsets(reader, asks)),
    close: async () => {
      await Promise.all([reader.close(), admin.close()])
    }
  }
}

const asNewTopic = ({ topic, partitions, replicas }: NewTopic) => ({
  topic,
  partitions,
  ...(replicas === undefined ? {} : { replicas })
})

const asAlteration = ({
  topic,
  set,
  unset
}: {
  topic: string
  set: Record<string, string>
  unset: readonly string[]
}) => ({
  resourceType: ConfigResourceTypes.TOPIC,
  resourceName: topic,
  configs: [
    ...Object.entries(set).map(([name, value]) => ({
      name,
      configOperation: IncrementalAlterConfigOperationTypes.SET,
      value
    })),
    ...unset.map((name) => ({ name, configOperation: IncrementalAlterConfigOperationTypes.DELETE }))
  ]
})

async function describeTopics(
  admin: Admin,
  asked: readonly string[],
  configKeys: readonly string[] | undefined
): Promise<Map<string, TopicDescription>> {
  const existing = new Set(await admin.listTopics({ includeInternals: true }))
  const topics = asked.filter((topic) => existing.has(topic))
  if (topics.length === 0) return new Map()
  const metadata = await admin.metadata({ topics, forceUpdate: true, autocreateTopics: false })
  const partitionsOf = (topic: string, timestamp: bigint) => ({
    name: topic,
    partitions: (metadata.topics.get(topic)?.partitions ?? []).map((_, partitionIndex) => ({
      partitionIndex,
      timestamp
    }))
  })
  const [configs, ends, starts] = await Promise.all([
    admin.describeConfigs({
      resources: topics.map((resourceName) => ({
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName,
        ...(configKeys ? { configurationKeys: [...configKeys] } : {})
      }))
    }),
    admin.listOffsets({ topics: topics.map((topic) => partitionsOf(topic, ListOffsetTimestamps.LATEST)) }),
    admin.listOffsets({ topics: topics.map((topic) => partitionsOf(topic, ListOffsetTimestamps.EARLIEST)) })
  ])
  const sum = (offsets: typeof ends, topic: string) =>
    (offsets.find(({ name }) => name === topic)?.partitions ?? []).reduce(
      (total, { offset }) => total + Number(offset),
      0
    )
  const configByTopic = new Map(configs.map((description) => [description.resourceName, description.configs]))
  return new Map(
    topics.flatMap((topic): [string, TopicDescription][] => {
      const described = metadata.topics.get(topic)
      const config = configByTopic.get(topic)
      if (!described || !config) throw new KafkaAway(`Kafka described only a part of ${topic}`)
      return [
        [
          topic,
          {
            topicId: described.id,
            partitions: described.partitionsCount,
            replicas: described.partitions[0]?.replicas.length ?? 0,
            config: Object.fromEntries(
              config.map(({ name, value, configSource }) => [
                name,
                { value: value ?? '', own: configSource === ConfigSources.TOPIC_CONFIG }
              ])
            ),
            messages: sum(ends, topic) - sum(starts, topic)
          }
        ]
      ]
    })
  )
}

async function activeGroups(admin: Admin): Promise<Map<string, string[]>> {
  const listed = [...(await admin.listGroups()).keys()]
  if (listed.length === 0) return new Map()
  const groups = await admin.describeGroups({ groups: listed })
  return new Map(
    [...groups.values()]
      .filter(({ members }) => members.size > 0)
      .map(({ id, members }) => [
        id,
        [
          ...new Set(
            [...members.values()].flatMap(({ assignments }) =>
              [...(assignments?.values() ?? [])].map(({ topic }) => topic)
            )
          )
        ]
      ])
  )
}

/**
 * Does a batch. Kafka decides each topic by itself and the client throws one error for all of them; each refusal is told under its topic's
 * name, and the topics not named have succeeded. Any other failure leaves the whole batch unknown.
 */
async function batch(outcomes: Outcomes, act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (thrown) {
    const found = [...refusalsIn(thrown)]
    if (found.length === 0) throw new KafkaAway(messageOf(thrown), { cause: thrown })
    for (const { topic, refusal } of found) outcomes.set(topic, refusal)
  }
}

async function away<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    if (thrown instanceof KafkaAway) throw thrown
    throw new KafkaAway(messageOf(thrown), { cause: thrown })
  }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

interface ProtocolError extends Error {
  apiId?: string
  serverErrorMessage?: string | null
  /** Where in the response the code stood: `/topics/3`. */
  path?: string
}

/** Finds the response that was thrown and pairs each of its errors with the topic it speaks of. */
function* refusalsIn(thrown: unknown): Generator<{ topic: string; refusal: KafkaRefusal }> {
  const { response, errors = [] } = thrown as {
    response?: Record<string, Record<string, unknown>[]>
    errors?: ProtocolError[]
  }
  if (response === undefined) {
    for (const inner of errors) yield* refusalsIn(inner)
    return
  }
  for (const error of errors) {
    const [, member = '', index = ''] = error.path?.split('/') ?? []
    const row = response[member]?.[Number(index)]
    const topic = row?.['name'] ?? row?.['resourceName']
    if (error.apiId === undefined || !refusals.has(error.apiId) || typeof topic !== 'string')
      throw new KafkaAway(error.message, { cause: thrown })
    yield { topic, refusal: new KafkaRefusal(error.apiId, error.serverErrorMessage ?? error.message) }
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return [...groups.values()]
}
