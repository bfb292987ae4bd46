import type { NewCondition } from '../../kube/conditions.ts'
import { approveAnnotation, topicNameOf, type KafkaTopicResource } from './types.ts'

/** What Kafka says of a topic. */
export interface ObservedTopic {
  partitions: number
  replicas: number
  /** Effective value by key, and whether the topic itself sets it (else it is a default). */
  config: Record<string, { value: string; own: boolean }>
  /** Messages it holds, as far as the offsets tell. */
  messages: number
  /** Consumer groups with members on this topic. */
  activeGroups: string[]
}

export interface PlanContext {
  observed: ObservedTopic | undefined
  /** The oldest other resource for the same topic, when it is older than this one. */
  owner?: string
  /** Keys that may be set at all; everything when absent. */
  configAllowList?: readonly string[]
  hashOf: (value: unknown) => string
}

export type Operation =
  | {
      type: 'CreateTopic'
      topic: string
      partitions: number
      replicas: number | undefined
      config: Record<string, string>
    }
  | { type: 'AddPartitions'; topic: string; total: number }
  | { type: 'SetConfig'; topic: string; set: Record<string, string>; unset: string[] }
  | { type: 'DeleteTopic'; topic: string }

export interface PlannedStep {
  operation: Operation
  description: string
  danger?: string
}

export interface TopicPlan {
  /** What to do now, in order. */
  steps: PlannedStep[]
  /** What waits for approval, and the hash to approve. */
  waiting: { hash: string; steps: PlannedStep[] } | undefined
  conditions: NewCondition[]
  absent: string[]
  managedConfig: string[]
  /** Let the finalizer go once `steps` are done. */
  release: boolean
}

/** Keys that reassignment tools set for a while; a topic operator that resets them fights those tools. */
const neverTouched = new Set(['leader.replication.throttled.replicas', 'follower.replication.throttled.replicas'])

const ready = (reason: string, message: string): NewCondition => ({ type: 'Ready', status: 'True', reason, message })
const notReady = (reason: string, message: string): NewCondition => ({
  type: 'Ready',
  status: 'False',
  reason,
  message
})
const stalled = (reason: string, message: string): NewCondition => ({
  type: 'Stalled',
  status: 'True',
  reason,
  message
})

/** Decides what brings a topic to what its resource asks for. Pure: the same input gives the same plan and the same hash. */
export function planTopic(resource: KafkaTopicResource, context: PlanContext): TopicPlan {
  const managedConfig = resource.status?.managedConfig ?? []
  if (resource.metadata.deletionTimestamp !== undefined) return planDeletion(resource, context, managedConfig)
  if (context.owner !== undefined) {
    const message = `Topic ${topicNameOf(resource)} is managed by the older resource ${context.owner}`
    return idle(
      [notReady('ResourceConflict', message), stalled('ResourceConflict', message)],
      ['Reconciling'],
      managedConfig
    )
  }
  if (resource.spec.paused)
    return idle([ready('Paused', 'Reconciliation is paused by spec.paused')], ['Reconciling', 'Stalled'], managedConfig)
  const refusal = refuse(resource, context)
  if (refusal !== undefined)
    return idle([notReady('NotSupported', refusal), stalled('NotSupported', refusal)], ['Reconciling'], managedConfig)
  return approved(resource, context, changes(resource, context, managedConfig), wantedConfig(resource).keys)
}

const idle = (conditions: NewCondition[], absent: string[], managedConfig: string[]): TopicPlan => ({
  steps: [],
  waiting: undefined,
  conditions,
  absent,
  managedConfig,
  release: false
})

/** CEL refuses these at the API server; this is the guard for what was stored before the rule, or while Kafka changed underneath. */
function refuse({ spec }: KafkaTopicResource, { observed, configAllowList }: PlanContext): string | undefined {
  if (observed && spec.partitions < observed.partitions) {
    return `The topic has ${observed.partitions} partitions and the spec asks for ${spec.partitions}: partitions cannot be decreased`
  }
  if (observed && spec.replicas !== undefined && spec.replicas !== observed.replicas) {
    return `The topic has replication factor ${observed.replicas} and the spec asks for ${spec.replicas}: changing it is not supported`
  }
  const forbidden = Object.keys(spec.config ?? {}).filter(
    (key) => neverTouched.has(key) || (configAllowList && !configAllowList.includes(key))
  )
  return forbidden.length === 0 ? undefined : `Not allowed in config: ${forbidden.toSorted().join(', ')}`
}

function wantedConfig({ spec }: KafkaTopicResource): { values: Record<string, string>; keys: string[] } {
  const entries = Object.entries(spec.config ?? {}).filter((entry): entry is [string, string] => entry[1] !== null)
  return { values: Object.fromEntries(entries), keys: entries.map(([key]) => key).toSorted() }
}

function changes(
  resource: KafkaTopicResource,
  { observed }: PlanContext,
  managedConfig: readonly string[]
): PlannedStep[] {
  const { spec } = resource
  const topic = topicNameOf(resource)
  const wanted = wantedConfig(resource)
  if (!observed) {
    return [
      {
        operation: {
          type: 'CreateTopic',
          topic,
          partitions: spec.partitions,
          replicas: spec.replicas,
          config: wanted.values
        },
        description: `Create ${topic} with ${spec.partitions} partitions`
      }
    ]
  }
  const steps: PlannedStep[] = []
  if (spec.partitions > observed.partitions) {
    const description = `Grow ${topic} from ${observed.partitions} to ${spec.partitions} partitions`
    const danger = 'Messages of one key move to another partition: their order is not kept across the change'
    steps.push({
      operation: { type: 'AddPartitions', topic, total: spec.partitions },
      description,
      ...((spec.keyed ?? true) && observed.messages > 0 ? { danger } : {})
    })
  }
  return [...steps, ...configSteps(topic, wanted, observed, managedConfig)]
}

/** One harmless step and one that loses data, so that the harmless part never waits for the other. */
function configSteps(
  topic: string,
  wanted: { values: Record<string, string>; keys: string[] },
  observed: ObservedTopic,
  managedConfig: readonly string[]
): PlannedStep[] {
  const differs = wanted.keys.filter((key) => observed.config[key]?.value !== wanted.values[key])
  const unset = managedConfig.filter((key) => !wanted.keys.includes(key) && observed.config[key]?.own).toSorted()
  const dangers = new Map(
    differs.flatMap((key) => dangerOf(key, observed.config[key]?.value, wanted.values[key] ?? '', observed))
  )
  const harmless = differs.filter((key) => !dangers.has(key))
  const describe = (keys: string[]) =>
    keys.map((key) => `${key}: ${observed.config[key]?.value ?? 'default'} → ${wanted.values[key]}`).join(', ')
  const steps: PlannedStep[] = []
  if (harmless.length > 0 || unset.length > 0) {
    const parts = [
      ...(harmless.length > 0 ? [describe(harmless)] : []),
      ...(unset.length > 0 ? [`back to default: ${unset.join(', ')}`] : [])
    ]
    steps.push({
      operation: { type: 'SetConfig', topic, set: pick(wanted.values, harmless), unset },
      description: `Configure ${topic}: ${parts.join('; ')}`
    })
  }
  if (dangers.size > 0) {
    const keys = [...dangers.keys()].toSorted()
    steps.push({
      operation: { type: 'SetConfig', topic, set: pick(wanted.values, keys), unset: [] },
      description: `Configure ${topic}: ${describe(keys)}`,
      danger: keys.map((key) => dangers.get(key)).join('; ')
    })
  }
  return steps
}

const pick = (values: Record<string, string>, keys: string[]): Record<string, string> =>
  Object.fromEntries(keys.map((key) => [key, values[key] ?? '']))

function dangerOf(key: string, before: string | undefined, after: string, observed: ObservedTopic): [string, string][] {
  if (observed.messages === 0 || before === undefined) return []
  // -1 is «without limit».
  const size = (value: string) => (value === '-1' ? Infinity : Number(value))
  if ((key === 'retention.ms' || key === 'retention.bytes') && size(after) < size(before)) {
    return [[key, `${key} gets shorter: messages older or beyond it are deleted`]]
  }
  if (key === 'cleanup.policy' && after.includes('compact') !== before.includes('compact')) {
    return [[key, 'cleanup.policy changes between delete and compact: messages that were kept may go']]
  }
  if (key === 'min.insync.replicas' && Number(after) < Number(before))
    return [[key, 'min.insync.replicas gets lower: an acknowledged message may be lost']]
  return []
}

function approved(
  resource: KafkaTopicResource,
  context: PlanContext,
  steps: PlannedStep[],
  managedConfig: string[]
): TopicPlan {
  const dangerous = steps.filter(({ danger }) => danger !== undefined)
  const hash = context.hashOf({ uid: resource.metadata.uid ?? '', steps: dangerous.map(({ operation }) => operation) })
  const free =
    (resource.spec.changePolicy ?? 'Plan') === 'Apply' || resource.metadata.annotations?.[approveAnnotation] === hash
  if (dangerous.length === 0 || free) {
    return {
      steps,
      waiting: undefined,
      conditions: [ready('Reconciled', 'The topic is as the spec asks')],
      absent: ['Reconciling', 'Stalled'],
      managedConfig,
      release: false
    }
  }
  const message = `${dangerous.map(({ description, danger }) => `${description} (${danger})`).join('; ')}. Approve with the annotation ${approveAnnotation}=${hash}`
  return {
    steps: steps.filter(({ danger }) => danger === undefined),
    waiting: { hash, steps: dangerous },
    conditions: [notReady('ApprovalNeeded', message), stalled('ApprovalNeeded', message)],
    absent: ['Reconciling'],
    managedConfig,
    release: false
  }
}

function planDeletion(resource: KafkaTopicResource, context: PlanContext, managedConfig: string[]): TopicPlan {
  const released: TopicPlan = { ...idle([], [], managedConfig), release: true }
  const { observed, owner } = context
  // A resource that never owned the topic must not take it away from the one that does.
  if ((resource.spec.deletionPolicy ?? 'Retain') === 'Retain' || owner !== undefined || !observed) return released
  const topic = topicNameOf(resource)
  const reasons = [
    ...(observed.messages > 0 ? [`it holds ${observed.messages} messages`] : []),
    ...(observed.activeGroups.length > 0
      ? [`consumer groups are active on it: ${observed.activeGroups.join(', ')}`]
      : [])
  ]
  const step: PlannedStep = {
    operation: { type: 'DeleteTopic', topic },
    description: `Delete ${topic}`,
    ...(reasons.length > 0 ? { danger: reasons.join('; ') } : {})
  }
  // The figures move while people decide, so the hash names the act and the topic, not how full it was.
  const hash = context.hashOf({ uid: resource.metadata.uid ?? '', steps: [step.operation] })
  const free =
    (resource.spec.changePolicy ?? 'Plan') === 'Apply' || resource.metadata.annotations?.[approveAnnotation] === hash
  if (reasons.length === 0 || free) return { ...released, steps: [step] }
  const message = `Deleting ${topic} waits: ${reasons.join('; ')}. Approve with the annotation ${approveAnnotation}=${hash}, or set deletionPolicy to Retain`
  return {
    ...idle([notReady('ApprovalNeeded', message), stalled('ApprovalNeeded', message)], ['Reconciling'], managedConfig),
    waiting: { hash, steps: [step] }
  }
}
