import { consumerGroup, services } from '@gavel/contracts/services.ts'
import {
  allTopics,
  deadLetterPartitions,
  deadLetterRetentionMs,
  deadLetterTopic,
  topicConfig
} from '@gavel/contracts/topics.ts'
import type { DesiredObject } from '../../../kube/apply.ts'
import { kafkaTopic } from '../../kafka-topic/types.ts'
import { owned, topicPrefixOf, type BuildContext } from './metadata.ts'

interface Wanted {
  name: string
  owner: string
  partitions: number
  retentionMs: number
  compactedWithinMs?: number
  keyed: boolean
}

/** A resource's name has no dots that DNS would not have either, but no capitals and no underscores. */
const resourceName = (topic: string): string => topic.toLowerCase().replaceAll('_', '-')

const wanted = (): Wanted[] => [
  ...allTopics.map(({ name, owner, partitions, retentionMs, compactedWithinMs }) => ({
    name,
    owner,
    partitions,
    retentionMs,
    ...(compactedWithinMs === undefined ? {} : { compactedWithinMs }),
    keyed: true
  })),
  ...services.flatMap(({ name, consumes }) =>
    consumes.map((topic) => ({
      name: deadLetterTopic(consumerGroup(name, topic)),
      owner: name,
      partitions: deadLetterPartitions,
      retentionMs: deadLetterRetentionMs,
      keyed: false
    }))
  )
]

/** Every topic of the contracts, and a dead letter topic for each consumer group. */
export const topicResources = (context: BuildContext): DesiredObject[] =>
  context.kinds.has('KafkaTopic') ? wanted().map((topic) => topicResource(context, topic)) : []

function topicResource(context: BuildContext, wantedTopic: Wanted): DesiredObject {
  const { name, owner, partitions, keyed } = wantedTopic
  const { kafka } = context.spec.backends
  const topicName = `${topicPrefixOf(context)}${name}`
  return owned(
    context,
    kafkaTopic,
    resourceName(name),
    { of: owner, role: 'platform' },
    {
      spec: {
        topicName,
        partitions,
        keyed,
        ...(kafka.replicas === undefined ? {} : { replicas: kafka.replicas }),
        config: {
          ...topicConfig(wantedTopic),
          ...(kafka.minInSyncReplicas === undefined ? {} : { 'min.insync.replicas': String(kafka.minInSyncReplicas) })
        },
        deletionPolicy: kafka.deletionPolicy ?? 'Retain'
      }
    }
  )
}
