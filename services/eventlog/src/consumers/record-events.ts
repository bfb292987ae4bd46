import { recordedTopics } from '@gavel/contracts/topics.ts'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import type { Unrecorded } from '../domain/chain.ts'
import type { EventlogMetrics } from '../metrics.ts'
import { appendEvents } from '../store/append-events.ts'

/** An event as it came, under the topic's own name: a prefix is a matter of where the platform runs. */
export const unrecorded = (topic: TopicDefinition, event: IncomingEvent): Unrecorded => {
  const traceparent = event.sentIn ?? event.traceparent
  return {
    eventId: event.id,
    type: event.definition.type,
    source: event.source,
    ...(event.subject !== undefined && { subject: event.subject }),
    topic: topic.name,
    partition: event.partition,
    offset: Number(event.offset),
    key: event.key,
    time: event.time,
    ...(traceparent !== undefined && { traceparent }),
    data: event.data as Record<string, unknown>
  }
}

/** Every topic that is kept has a group of its own and goes into the log as it comes. */
export async function recordTopics(
  context: ServiceContext,
  { kafka, pool, metrics }: { kafka: KafkaHandle; pool: Pool; metrics: EventlogMetrics }
): Promise<RunningConsumer[]> {
  return await Promise.all(
    recordedTopics.map((topic: TopicDefinition) =>
      startConsumer(context, kafka, {
        topic,
        // Known events are dropped, however they come.
        replays: 'handle',
        handleBatch: async (events: IncomingEvent[]) => {
          const batch = events.map((event) => unrecorded(topic, event))
          const recorded = await appendEvents(pool, topic.name, batch, context.clock())
          metrics.recorded(topic.name, batch.length, recorded.length)
        }
      })
    )
  )
}
