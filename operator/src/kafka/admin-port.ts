/** What the operator needs of Kafka's admin protocol, whatever client speaks it. All calls take many topics at once. */
export interface KafkaAdminPort {
  /**
   * Describes topics; those that do not exist are missing from the answer. Throws when the brokers cannot be asked. Of the configuration only
   * `configKeys` are told, where they are given: all of it is some forty keys a topic.
   */
  describeTopics(topics: readonly string[], configKeys?: readonly string[]): Promise<Map<string, TopicDescription>>
  createTopics(topics: readonly NewTopic[]): Promise<Outcomes>
  addPartitions(topics: readonly { topic: string; total: number }[]): Promise<Outcomes>
  /** Changes the keys given and leaves all others alone. */
  changeConfigs(
    topics: readonly { topic: string; set: Record<string, string>; unset: readonly string[] }[]
  ): Promise<Outcomes>
  deleteTopics(topics: readonly string[]): Promise<Outcomes>
  /** Groups that have members now, with the topics their members read. */
  activeGroups(): Promise<Map<string, string[]>>
  /** Groups by name, those unknown to Kafka as `Dead` without members. */
  describeGroups(groups: readonly string[]): Promise<Map<string, GroupDescription>>
  /** What groups have read of topics, in the order asked. A topic that does not exist is missing from the answer. */
  readGroupOffsets(asks: readonly GroupOffsetsAsk[]): Promise<GroupPartition[][]>
  close(): Promise<void>
}

export interface TopicDescription {
  topicId: string
  partitions: number
  replicas: number
  config: Record<string, { value: string; own: boolean }>
  messages: number
}

export interface GroupDescription {
  /** Kafka's own word: `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty`, `Dead`. */
  state: string
  members: GroupMember[]
}

export interface GroupMember {
  id: string
  clientId: string
  host: string
  /** `topic/3`; empty while the group rebalances. */
  partitions: string[]
}

export interface GroupOffsetsAsk {
  group: string
  topics: readonly string[]
}

export interface GroupPartition {
  topic: string
  partition: number
  /** Absent where the group has never committed, or its commit has expired. */
  committed: number | undefined
  start: number
  end: number
}

export interface NewTopic {
  topic: string
  partitions: number
  replicas: number | undefined
  config: Record<string, string>
}

/** What Kafka refused, by topic. A topic missing from the map succeeded. */
export type Outcomes = Map<string, KafkaRefusal>

/** Kafka understood and said no: retrying the same request will not help until something changes. */
export class KafkaRefusal extends Error {
  override name = 'KafkaRefusal'
  /** Kafka's own name for it, such as `INVALID_CONFIG`. */
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Kafka could not be asked. Nothing is known and nothing may be concluded, least of all that a topic is gone. */
export class KafkaAway extends Error {
  override name = 'KafkaAway'
}
