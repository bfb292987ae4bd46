import { hashOf } from '../../kube/apply.ts'
import type { KubeClient } from '../../kube/client.ts'
import { mergeConditions, type NewCondition } from '../../kube/conditions.ts'
import type { ReconcileResult } from '../../kube/controller.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { addFinalizer, deletionOverdue, hasFinalizer, isBeingDeleted, removeFinalizer } from '../../kube/finalizer.ts'
import type { Reflector } from '../../kube/reflector.ts'
import { applyStatus } from '../../kube/status.ts'
import { KafkaRefusal } from '../../kafka/admin-port.ts'
import type { TopicObserver } from './observe.ts'
import type { TopicIndex } from './topic-index.ts'
import { planTopic, type ObservedTopic, type Operation, type TopicPlan } from './plan.ts'
import { kafkaTopic, topicFinalizer, topicNameOf, type KafkaTopicResource } from './types.ts'

export interface KafkaTopicDependencies {
  client: KubeClient
  topics: Reflector
  index: TopicIndex
  observer: TopicObserver
  events: EventRecorder
  now: () => Date
  configAllowList?: readonly string[]
  /** Between comparisons with Kafka when nothing else happens: how long a change by hand may stand. */
  driftMs?: number
  /** How long a deletion waits for Kafka before it lets the namespace go and leaves the topic. */
  deletionLimitMs?: number
}

const fieldManager = 'gavel-kafka-topic'
/** How soon a topic that was just made is looked for again. */
const settleMs = 100

/** Reconciles one KafkaTopic: observe, plan, carry out, tell. */
export function kafkaTopicReconciler(
  dependencies: KafkaTopicDependencies
): (key: string) => Promise<ReconcileResult | void> {
  const {
    client,
    topics,
    index,
    observer,
    events,
    now,
    configAllowList,
    driftMs = 8_000,
    deletionLimitMs = 300_000
  } = dependencies

  return async (key) => {
    const resource = topics.get(key) as KafkaTopicResource | undefined
    if (!resource || (isBeingDeleted(resource) && !hasFinalizer(resource, topicFinalizer))) return
    await addFinalizer(client, kafkaTopic, resource, topicFinalizer)
    const topic = topicNameOf(resource)
    const owner = index.olderOwner(resource)
    let plan: TopicPlan
    let observed: ObservedTopic | undefined
    try {
      observed = await observer.observe(topic, configKeysOf(resource), isBeingDeleted(resource))
      plan = planTopic(resource, {
        observed,
        hashOf,
        ...(owner === undefined ? {} : { owner }),
        ...(configAllowList ? { configAllowList } : {})
      })
      for (const { operation, description } of plan.steps) {
        await carryOut(operation, observer)
        await events.record(kafkaTopic, resource, {
          type: 'Normal',
          reason: operation.type,
          action: operation.type,
          note: description
        })
      }
    } catch (thrown) {
      if (isBeingDeleted(resource) && deletionOverdue(resource, deletionLimitMs, now()))
        return abandon(resource, thrown)
      await tellFailure(resource, thrown)
      throw thrown
    }
    if (plan.release) return removeFinalizer(client, kafkaTopic, resource, topicFinalizer)
    return { requeueAfterMs: (await tell(resource, plan, observed)) ? driftMs : settleMs }
  }

  /** @returns whether Kafka shows the topic; one that was just made may take a moment to be seen. */
  async function tell(
    resource: KafkaTopicResource,
    plan: TopicPlan,
    before: ObservedTopic | undefined
  ): Promise<boolean> {
    // After a change the topic is described anew, so that status says what is and not what was meant.
    const observed =
      plan.steps.length === 0 ? before : await observer.observe(topicNameOf(resource), configKeysOf(resource), false)
    const { waiting } = plan
    if (!observed && plan.steps.some(({ operation }) => operation.type === 'CreateTopic')) {
      const message = 'The topic was asked for and is not to be seen yet'
      const conditions: NewCondition[] = [
        { type: 'Ready', status: 'False', reason: 'Creating', message },
        { type: 'Reconciling', status: 'True', reason: 'Creating', message }
      ]
      await writeStatus(resource, conditions, ['Stalled'], { managedConfig: plan.managedConfig })
      return false
    }
    await writeStatus(resource, plan.conditions, plan.absent, {
      managedConfig: plan.managedConfig,
      ...(observed ? { partitions: observed.partitions, replicas: observed.replicas } : {}),
      ...(waiting
        ? {
            plan: {
              hash: waiting.hash,
              operations: waiting.steps.map(({ operation, description, danger }) => ({
                type: operation.type,
                description,
                danger
              }))
            }
          }
        : {})
    })
    return true
  }

  async function tellFailure(resource: KafkaTopicResource, thrown: unknown): Promise<void> {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    const conditions: NewCondition[] =
      thrown instanceof KafkaRefusal
        ? [
            { type: 'Ready', status: 'False', reason: 'KafkaRefused', message: `${thrown.code}: ${message}` },
            { type: 'Stalled', status: 'True', reason: 'KafkaRefused', message: `${thrown.code}: ${message}` }
          ]
        : [
            { type: 'Ready', status: 'Unknown', reason: 'KafkaAway', message: `Kafka cannot be asked: ${message}` },
            { type: 'Reconciling', status: 'True', reason: 'KafkaAway', message: 'Retrying with back-off' }
          ]
    const { status } = resource
    await writeStatus(resource, conditions, thrown instanceof KafkaRefusal ? ['Reconciling'] : ['Stalled'], {
      managedConfig: status?.managedConfig ?? [],
      ...(status?.partitions === undefined ? {} : { partitions: status.partitions }),
      ...(status?.replicas === undefined ? {} : { replicas: status.replicas })
    })
  }

  async function writeStatus(
    resource: KafkaTopicResource,
    next: NewCondition[],
    absent: readonly string[],
    more: Record<string, unknown>
  ): Promise<void> {
    const generation = resource.metadata.generation ?? 0
    const before = resource.status?.conditions ?? []
    const conditions = mergeConditions(before, next, { generation, now: now(), absent })
    const ready = next.find(({ type }) => type === 'Ready')
    const was = before.find(({ type }) => type === 'Ready')
    const written = await applyStatus(
      client,
      kafkaTopic,
      resource,
      { observedGeneration: generation, topicName: topicNameOf(resource), conditions, ...more },
      fieldManager
    )
    if (written && ready && ready.reason !== was?.reason) {
      await events.record(kafkaTopic, resource, {
        type: ready.status === 'True' ? 'Normal' : 'Warning',
        reason: ready.reason,
        action: 'Reconcile',
        note: ready.message
      })
    }
  }

  /** Lets a deletion go that Kafka has kept waiting: a namespace must be able to end. The topic stays, and an Event says so. */
  async function abandon(resource: KafkaTopicResource, thrown: unknown): Promise<void> {
    await events.record(kafkaTopic, resource, {
      type: 'Warning',
      reason: 'TopicLeftBehind',
      action: 'Finalize',
      note: `Topic ${topicNameOf(resource)} was not deleted: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    })
    await removeFinalizer(client, kafkaTopic, resource, topicFinalizer)
  }
}

/** Keys of the spec, with null too, and those that may have to go back to their default. */
const configKeysOf = ({ spec, status }: KafkaTopicResource): string[] => [
  ...Object.keys(spec.config ?? {}),
  ...(status?.managedConfig ?? [])
]

async function carryOut(operation: Operation, observer: TopicObserver): Promise<void> {
  switch (operation.type) {
    case 'CreateTopic':
      return observer.create(operation)
    case 'AddPartitions':
      return observer.addPartitions(operation)
    case 'SetConfig':
      return observer.setConfig(operation)
    case 'DeleteTopic':
      return observer.delete(operation.topic)
    default:
      return operation satisfies never
  }
}
