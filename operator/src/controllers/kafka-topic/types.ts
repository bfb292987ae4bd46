import { Type, type Static } from 'typebox'
import type { KubeObject } from '../../kube/client.ts'
import type { Condition } from '../../kube/conditions.ts'
import type { CustomResource } from '../../kube/custom-resource.ts'
import { conditionSchema } from '../condition-schema.ts'

export const KafkaTopicSpec = Type.Object({
  topicName: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 249,
      pattern: '^[a-zA-Z0-9._-]+$',
      description: 'Name of the topic in Kafka. The resource’s own name when absent. Cannot be changed.'
    })
  ),
  partitions: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    description:
      'Number of partitions. It can grow, never shrink; where keyed is true, growing moves keys to other partitions and waits for approval.'
  }),
  replicas: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'Replication factor. The broker’s default when absent. Cannot be changed by this operator.'
    })
  ),
  config: Type.Optional(
    Type.Record(Type.String(), Type.Unsafe<string | null>({ type: 'string', nullable: true, maxLength: 4096 }), {
      description:
        'Topic configuration. A key given here is kept at its value; a key with null, or not listed, is left alone.',
      maxProperties: 100
    })
  ),
  keyed: Type.Optional(
    Type.Boolean({
      default: true,
      description: 'Whether the order of messages by key matters. If so, adding partitions is a dangerous change.'
    })
  ),
  changePolicy: Type.Optional(
    Type.Union([Type.Literal('Plan'), Type.Literal('Apply')], {
      default: 'Plan',
      description:
        'Plan: dangerous changes wait in status.plan until the annotation gavel.dev/approve carries its hash. Apply: they are made at once.'
    })
  ),
  deletionPolicy: Type.Optional(
    Type.Union([Type.Literal('Retain'), Type.Literal('Delete')], {
      default: 'Retain',
      description:
        'What becomes of the topic when this resource is deleted. A Delete waits for approval while the topic holds messages or has members.'
    })
  ),
  paused: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Leave the topic as it is; deletion of this resource still follows deletionPolicy.'
    })
  )
})
export type KafkaTopicSpec = Static<typeof KafkaTopicSpec>

const PlannedOperation = Type.Object({
  type: Type.Union([
    Type.Literal('CreateTopic'),
    Type.Literal('AddPartitions'),
    Type.Literal('SetConfig'),
    Type.Literal('DeleteTopic')
  ]),
  description: Type.String({ maxLength: 1000 }),
  danger: Type.Optional(
    Type.String({ maxLength: 1000, description: 'Why this waits for approval; absent when it is harmless.' })
  )
})

export const KafkaTopicStatus = Type.Object({
  observedGeneration: Type.Optional(Type.Integer()),
  conditions: Type.Optional(
    Type.Array(conditionSchema, {
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type']
    })
  ),
  topicName: Type.Optional(Type.String()),
  partitions: Type.Optional(Type.Integer({ description: 'Partitions the topic has now.' })),
  replicas: Type.Optional(Type.Integer({ description: 'Replication factor the topic has now.' })),
  managedConfig: Type.Optional(
    Type.Array(Type.String(), {
      maxItems: 100,
      description: 'Keys that this resource set; one taken out of the spec goes back to the broker’s default.'
    })
  ),
  plan: Type.Optional(
    Type.Object({
      hash: Type.String({
        description: 'Put this into the annotation gavel.dev/approve to have the plan carried out.'
      }),
      operations: Type.Array(PlannedOperation, { maxItems: 10 })
    })
  )
})

export interface KafkaTopicResource extends KubeObject {
  spec: KafkaTopicSpec
  status?: Static<typeof KafkaTopicStatus> & { conditions?: Condition[] }
}

export const kafkaTopic: CustomResource = {
  group: 'gavel.dev',
  version: 'v1alpha1',
  kind: 'KafkaTopic',
  plural: 'kafkatopics',
  singular: 'kafkatopic',
  shortNames: ['kt'],
  categories: ['gavel'],
  namespaced: true,
  doc: 'A topic in Kafka: created, grown, configured, guarded against drift, and deleted or kept.',
  spec: KafkaTopicSpec,
  status: KafkaTopicStatus,
  rules: [
    {
      rule: 'has(self.topicName) == has(oldSelf.topicName) && (!has(self.topicName) || self.topicName == oldSelf.topicName)',
      message: 'topicName cannot be changed: make a new KafkaTopic'
    },
    {
      rule: 'self.partitions >= oldSelf.partitions',
      message: 'partitions cannot be decreased: Kafka has no way to do it',
      fieldPath: '.partitions'
    },
    {
      rule: '!has(self.replicas) || !has(oldSelf.replicas) || self.replicas == oldSelf.replicas',
      message: 'replicas cannot be changed here: reassign the partitions with Kafka’s own tools',
      fieldPath: '.replicas'
    }
  ],
  columns: [
    { name: 'Topic', type: 'string', jsonPath: '.status.topicName', description: 'Name in Kafka' },
    { name: 'Partitions', type: 'integer', jsonPath: '.status.partitions', description: 'Partitions now' },
    {
      name: 'Replicas',
      type: 'integer',
      jsonPath: '.status.replicas',
      description: 'Replication factor now',
      wide: true
    },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'The topic is as asked'
    },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason', description: 'Why' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age of this resource' }
  ]
}

export const topicNameOf = ({ metadata, spec }: KafkaTopicResource): string => spec.topicName ?? metadata.name
export const approveAnnotation = 'gavel.dev/approve'
export const topicFinalizer = 'gavel.dev/topic'
