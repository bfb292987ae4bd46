import { randomUUID } from 'node:crypto'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { createProducer, type OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { createContext } from '@gavel/platform/service.ts'
import type { FreshTopics } from './database.ts'

export type Wire = {
  publish: (topic: TopicDefinition, events: readonly OutgoingEvent[]) => Promise<void>
  /** Everything on the topic from its beginning, in the order of arrival; the array grows. */
  watch: <const Topic extends TopicDefinition>(topic: Topic) => Promise<IncomingEvent<Topic['events'][number]>[]>
  release: () => Promise<void>
}

/** The other end of the topics: says what other services would say and sees what they would see. */
export async function theWire(topics: FreshTopics): Promise<Wire> {
  const context = createContext({ name: `test-${randomUUID()}`, logLevel: 'silent' })
  const kafka = createKafka({ brokers: topics.brokers, topicPrefix: topics.topicPrefix }, context)
  const producer = await createProducer(kafka)
  return {
    publish: (topic, events) => producer.publish(topic, events),
    watch: async (topic) => {
      const seen: IncomingEvent<(typeof topic)['events'][number]>[] = []
      await startConsumer(context, kafka, {
        topic,
        group: `watch-${randomUUID()}`,
        handleBatch: async (events) => {
          seen.push(...events)
        }
      })
      return seen
    },
    release: async () => {
      await context.closers.closeAll(20_000)
    }
  }
}
