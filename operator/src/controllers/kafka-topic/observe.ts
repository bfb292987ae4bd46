import { Batcher } from '../../kafka/batcher.ts'
import type { KafkaAdminPort, KafkaRefusal, NewTopic, Outcomes, TopicDescription } from '../../kafka/admin-port.ts'
import type { ObservedTopic } from './plan.ts'

/** Kafka as the topic controller sees it: single asks here, batched requests there. */
export interface TopicObserver {
  /**
   * @param configKeys the keys that matter: those the spec names, and those this resource set before.
   * @param withGroups whether active consumer groups matter, as for a deletion; asking for them costs two requests.
   */
  observe(topic: string, configKeys: readonly string[], withGroups: boolean): Promise<ObservedTopic | undefined>
  create(topic: NewTopic): Promise<void>
  addPartitions(change: { topic: string; total: number }): Promise<void>
  setConfig(change: { topic: string; set: Record<string, string>; unset: readonly string[] }): Promise<void>
  delete(topic: string): Promise<void>
}

export function createTopicObserver(admin: KafkaAdminPort): TopicObserver {
  const describe = new Batcher<{ topic: string; configKeys: readonly string[] }, TopicDescription | undefined>(
    async (asks) => {
      const topics = [...new Set(asks.map(({ topic }) => topic))]
      // One set of keys for the whole batch; a key too many costs less than a request more. At least one, since none means all.
      const keys = new Set(['retention.ms', ...asks.flatMap(({ configKeys }) => configKeys)])
      const described = await admin.describeTopics(topics, [...keys])
      return asks.map(({ topic }) => described.get(topic))
    }
  )
  const writer = <Change>(
    nameOf: (change: Change) => string,
    write: (changes: readonly Change[]) => Promise<Outcomes>
  ) =>
    new Batcher<Change, KafkaRefusal | undefined>(async (changes) => {
      const outcomes = await write(changes)
      return changes.map((change) => outcomes.get(nameOf(change)))
    })
  const creations = writer<NewTopic>(
    ({ topic }) => topic,
    (topics) => admin.createTopics(topics)
  )
  const growths = writer<{ topic: string; total: number }>(
    ({ topic }) => topic,
    (topics) => admin.addPartitions(topics)
  )
  const settings = writer<{ topic: string; set: Record<string, string>; unset: readonly string[] }>(
    ({ topic }) => topic,
    (topics) => admin.changeConfigs(topics)
  )
  const deletions = writer<string>(
    (topic) => topic,
    (topics) => admin.deleteTopics(topics)
  )

  const settle = async (asked: Promise<KafkaRefusal | undefined>, harmless: string): Promise<void> => {
    const refusal = await asked
    // Somebody did the same in between: the next observation sees it.
    if (refusal && refusal.code !== harmless) throw refusal
  }
  return {
    async observe(topic, configKeys, withGroups) {
      const description = await describe.ask({ topic, configKeys })
      if (!description) return undefined
      const groups = withGroups ? await admin.activeGroups() : new Map<string, string[]>()
      return {
        ...description,
        activeGroups: [...groups].filter(([, topics]) => topics.includes(topic)).map(([group]) => group)
      }
    },
    create: (topic) => settle(creations.ask(topic), 'TOPIC_ALREADY_EXISTS'),
    addPartitions: (change) => settle(growths.ask(change), ''),
    setConfig: (change) => settle(settings.ask(change), ''),
    delete: (topic) => settle(deletions.ask(topic), 'UNKNOWN_TOPIC_OR_PARTITION')
  }
}
