import { conditionOf } from '../../kube/conditions.ts'
import { keyOf } from '../../kube/reflector.ts'
import { topicNameOf, type KafkaTopicResource } from './types.ts'

/** Resources by the topic they speak of: who owns a topic is asked at each reconcile and must not cost a walk over all of them. */
export class TopicIndex {
  readonly #byTopic = new Map<string, Map<string, KafkaTopicResource>>()

  put(resource: KafkaTopicResource): void {
    const topic = topicNameOf(resource)
    const sharing = this.#byTopic.get(topic) ?? new Map<string, KafkaTopicResource>()
    sharing.set(keyOf(resource), resource)
    this.#byTopic.set(topic, sharing)
  }

  remove(resource: KafkaTopicResource): void {
    const topic = topicNameOf(resource)
    const sharing = this.#byTopic.get(topic)
    sharing?.delete(keyOf(resource))
    if (sharing?.size === 0) this.#byTopic.delete(topic)
  }

  sharing(resource: KafkaTopicResource): KafkaTopicResource[] {
    return [...(this.#byTopic.get(topicNameOf(resource))?.values() ?? [])]
  }

  /**
   * The resource that owns the topic, when it is not this one: the oldest. Times are whole seconds, so of two made in the same second the
   * one that manages the topic already keeps it, and else the smaller uid decides.
   */
  olderOwner(resource: KafkaTopicResource): string | undefined {
    const [oldest] = this.sharing(resource).toSorted((a, b) => (age(a) < age(b) ? -1 : 1))
    return oldest === undefined || age(oldest) >= age(resource) ? undefined : keyOf(oldest)
  }
}

function age({ metadata, status }: KafkaTopicResource): string {
  const reason = conditionOf(status?.conditions, 'Ready')?.reason
  const managesAlready = reason !== undefined && reason !== 'ResourceConflict'
  return `${metadata.creationTimestamp ?? ''}/${managesAlready ? 0 : 1}/${metadata.uid ?? ''}`
}
