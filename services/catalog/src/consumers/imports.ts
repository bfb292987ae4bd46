import { consumerGroup } from '@gavel/contracts/services.ts'
import { commandAnswers, productCommands } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type RunningConsumer } from '@gavel/platform/kafka/consumer.ts'
import type { Dependencies } from '../dependencies.ts'
import { takeAnswers } from '../store/imports/take-answers.ts'
import { takeProductCommands } from '../store/imports/take-product-commands.ts'

/** Imports go on by what is heard here: each batch of outcomes sends the next rows of its file. */
export async function carryOutImports(
  { context, pool, cache, metrics }: Pick<Dependencies, 'context' | 'pool' | 'cache' | 'metrics'>,
  kafka: KafkaHandle
): Promise<RunningConsumer[]> {
  const count = ({ done, refused }: { done: number; refused: number }): void => {
    metrics.importRows.inc({ outcome: 'done' }, done)
    metrics.importRows.inc({ outcome: 'refused' }, refused)
  }
  const commands = await startConsumer(context, kafka, {
    topic: productCommands,
    handleBatch: async (events) => {
      const batch = { group: consumerGroup('catalog', productCommands), events }
      const { outcomes, settled } = await takeProductCommands(pool, batch, context.clock())
      count(settled)
      for (const outcome of outcomes) {
        if (outcome.outcome === 'refused' || outcome.outcome === 'unchanged') continue
        metrics.changes.inc({ change: outcome.outcome })
        await cache.put(outcome.product)
      }
    }
  })
  const answers = await startConsumer(context, kafka, {
    topic: commandAnswers,
    handleBatch: async (events) =>
      count(await takeAnswers(pool, { group: consumerGroup('catalog', commandAnswers), events }, context.clock()))
  })
  return [commands, answers]
}
