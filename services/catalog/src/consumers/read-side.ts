import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { consumerGroup } from '@gavel/contracts/services.ts'
import { auctions, bids, products, stock } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import type { Dependencies } from '../dependencies.ts'
import { takeEvents } from '../store/read-side/take-events.ts'

/** What the read side is made of. Its own products too: they come back as events, so that building anew gives the same. */
export const readSideTopics: readonly TopicDefinition[] = [products, stock, auctions, bids]

/** Search follows what happens to items, their stock and their auctions. */
export async function followItems(
  { context, pool, metrics }: Pick<Dependencies, 'context' | 'pool' | 'metrics'>,
  kafka: KafkaHandle
): Promise<RunningConsumer[]> {
  return await Promise.all(
    readSideTopics.map((topic) =>
      startConsumer(context, kafka, {
        topic,
        handleBatch: async (events: IncomingEvent[]) => {
          const taken = await takeEvents(pool, consumerGroup('catalog', topic), topic.name, events)
          metrics.readSideEvents.inc({ topic: topic.name }, taken)
        }
      })
    )
  )
}
