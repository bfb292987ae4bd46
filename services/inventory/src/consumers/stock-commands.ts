import { consumerGroup } from '@gavel/contracts/services.ts'
import { stockCommands } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import { takeStockCommands } from '../store/take-stock-commands.ts'
import type { ConsumerParts } from './parts.ts'

/** What rows of imports ask of stock: the same commands that come by hand, answered over Kafka. */
export async function carryOutCommands(
  kafka: KafkaHandle,
  { context, pool, metrics }: Pick<ConsumerParts, 'context' | 'pool' | 'metrics'>
): Promise<RunningConsumer> {
  return await startConsumer(context, kafka, {
    topic: stockCommands,
    handleBatch: async (events) => {
      metrics.batchSize.observe({ topic: stockCommands.name }, events.length)
      const batch = { group: consumerGroup('inventory', stockCommands), events }
      for (const { kind, outcome } of await takeStockCommands(pool, batch, context.clock()))
        metrics.commands.inc({ kind, outcome })
    }
  })
}
