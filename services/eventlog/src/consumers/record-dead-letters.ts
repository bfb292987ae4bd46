import { consumerGroup, services } from '@gavel/contracts/services.ts'
import { deadLetterPartitions, deadLetterRetentionMs, deadLetterTopic } from '@gavel/contracts/topics.ts'
import type { RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startRawConsumer } from '@gavel/platform/kafka/raw-consumer.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import { deadLetterOf, type Origin } from '../domain/dead-letter.ts'
import { insertDeadLetters } from '../store/insert-dead-letters.ts'

/** Every group of every service has a place for its dead letters. */
const origins: readonly Origin[] = services.flatMap(({ name, consumes }) =>
  consumes.map((topic) => {
    const group = consumerGroup(name, topic)
    return { deadLetterTopic: deadLetterTopic(group), group, topic: topic.name }
  })
)

/** Dead letters are rare: one member reads all of their topics. */
export function recordDeadLetters(
  context: ServiceContext,
  { kafka, pool }: { kafka: KafkaHandle; pool: Pool }
): RunningConsumer {
  const originOf = new Map(origins.map((origin) => [origin.deadLetterTopic, origin]))
  return startRawConsumer(context, kafka, {
    group: `${context.name}.dead-letters`,
    topics: origins.map((origin) => ({
      name: origin.deadLetterTopic,
      partitions: deadLetterPartitions,
      retentionMs: deadLetterRetentionMs
    })),
    handleBatch: async (records) => {
      const letters = records.map((record) => deadLetterOf(originOf.get(record.topic)!, record))
      await insertDeadLetters(pool, letters, context.clock())
    }
  })
}
