import type { KubeClient } from '../../kube/client.ts'
import { Controller } from '../../kube/controller.ts'
import { EventRecorder } from '../../kube/events.ts'
import type { ControllerRuntime } from '../../kube/runtime.ts'
import { keyOf, Reflector } from '../../kube/reflector.ts'
import type { KafkaAdminPort } from '../../kafka/admin-port.ts'
import { kafkaTopicReconciler } from './controller.ts'
import { createTopicObserver } from './observe.ts'
import { TopicIndex } from './topic-index.ts'
import { kafkaTopic, type KafkaTopicResource } from './types.ts'

export interface KafkaTopicControllerOptions {
  runtime: ControllerRuntime
  client: KubeClient
  admin: KafkaAdminPort
  /** Who reports the Events: the replica's identity. */
  instance: string
  namespace?: string
  driftMs?: number
  deletionLimitMs?: number
  configAllowList?: readonly string[]
  onFault?: (key: string, fault: unknown) => void
}

/** Wires the KafkaTopic controller: one reflector, one index, one queue. */
export function addKafkaTopicController(options: KafkaTopicControllerOptions): void {
  const { runtime, client, admin, instance, namespace, driftMs, deletionLimitMs, configAllowList, onFault } = options
  const topics = runtime.watch(
    new Reflector({ client, kind: kafkaTopic, ...(namespace === undefined ? {} : { namespace }) })
  )
  const index = new TopicIndex()
  const reconcile = kafkaTopicReconciler({
    client,
    topics,
    index,
    observer: createTopicObserver(admin),
    events: new EventRecorder({ client, component: 'gavel.dev/kafka-topic', instance }),
    now: () => new Date(),
    ...(driftMs === undefined ? {} : { driftMs }),
    ...(deletionLimitMs === undefined ? {} : { deletionLimitMs }),
    ...(configAllowList === undefined ? {} : { configAllowList })
  })
  // As many workers as a batch holds: each waits for its part of a batch, and a batch is only as large as the workers that ask.
  const controller = runtime.run(
    new Controller({
      name: 'kafkatopic',
      reconcile,
      workers: 200,
      metrics: runtime.metrics,
      ...(onFault ? { onFault } : {})
    })
  )
  topics.onEvent(({ key, type, object, previous }) => {
    const resource = object as KafkaTopicResource
    if (type === 'deleted') {
      index.remove(resource)
      // Whoever waited behind it takes the topic over.
      for (const other of index.sharing(resource)) controller.queue.add(keyOf(other))
      return
    }
    index.put(resource)
    if (differs(resource, previous as KafkaTopicResource | undefined)) controller.queue.add(key)
  })
}

/** Our own status writes come back through the watch too; they are no reason to reconcile again. */
function differs(object: KafkaTopicResource, previous: KafkaTopicResource | undefined): boolean {
  if (!previous || previous.metadata.uid !== object.metadata.uid) return true
  return (
    previous.metadata.generation !== object.metadata.generation ||
    previous.metadata.deletionTimestamp !== object.metadata.deletionTimestamp ||
    JSON.stringify(previous.metadata.annotations) !== JSON.stringify(object.metadata.annotations) ||
    JSON.stringify(previous.metadata.finalizers) !== JSON.stringify(object.metadata.finalizers)
  )
}
