import { recordedTopics } from '@gavel/contracts/topics.ts'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { groupCommit } from '@gavel/platform/group-commit.ts'
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

/** Batches of one transaction at most; each has up to as many events as a consumer is given at once. */
const BATCHES = 8

/**
 * Every topic that is kept has a group of its own and goes into the log as it comes. The log has one end, which they take in turns: what
 * waits for it meanwhile, of whatever topic, is appended together.
 */
export async function recordTopics(
  context: ServiceContext,
  { kafka, pool, metrics }: { kafka: KafkaHandle; pool: Pool; metrics: EventlogMetrics }
): Promise<RunningConsumer[]> {
  const append = groupCommit<readonly Unrecorded[], void>(
    async (batches) => {
      const events = batches.flat()
      const recorded = Map.groupBy(await appendEvents(pool, events, context.clock()), ({ topic }) => topic)
      for (const [topic, { length }] of Map.groupBy(events, (event) => event.topic))
        metrics.recorded(topic, length, recorded.get(topic)?.length ?? 0)
      return batches.map(() => undefined)
    },
    { group: BATCHES, waiting: 10_000 }
  )
  return await Promise.all(
    recordedTopics.map((topic: TopicDefinition) =>
      startConsumer(context, kafka, {
        topic,
        // Known events are dropped, however they come.
        replays: 'handle',
        handleBatch: async (events: IncomingEvent[]) => await append(events.map((event) => unrecorded(topic, event)))
      })
    )
  )
}
