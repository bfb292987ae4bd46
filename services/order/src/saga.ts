import { consumerGroup } from '@gavel/contracts/services.ts'
import { payments, reservations, saleConfirmed } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import { createReadUpTo } from '@gavel/platform/kafka/read-up-to.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import type { Pool } from 'pg'
import { paymentFact } from './consumers/payments.ts'
import { reservationFact } from './consumers/reservations.ts'
import { saleConfirmedFact } from './consumers/sale-confirmed.ts'
import type { Fact } from './domain/progress.ts'
import type { OrderMetrics } from './metrics.ts'
import { recordEvents, type SagaEvent } from './store/record-events.ts'
import type { SweepTerms } from './store/time-out-sales.ts'
import { startSweep } from './sweep.ts'

export interface SagaParts {
  kafka: KafkaHandle
  pool: Pool
  metrics: OrderMetrics
  terms: SweepTerms
  sweepIntervalMs: number
}

/** Everything that makes sales go on by themselves: three topics in, and the sweep for those that nobody answers. */
export async function startSaga(
  context: ServiceContext,
  { kafka, pool, metrics, terms, sweepIntervalMs }: SagaParts
): Promise<void> {
  const recordBatch =
    <Event extends SagaEvent>(topic: TopicDefinition, toFact: (event: Event) => Fact) =>
    async (events: readonly Event[]): Promise<void> => {
      metrics.batchSize.observe({ topic: topic.name }, events.length)
      const group = consumerGroup(context.name, topic)
      metrics.ended(
        await recordEvents(pool, { group, events, toFact }, context.clock(), terms.timeouts),
        context.clock()
      )
    }
  await startConsumer(context, kafka, {
    topic: saleConfirmed,
    handleBatch: recordBatch(saleConfirmed, saleConfirmedFact)
  })
  await startConsumer(context, kafka, { topic: reservations, handleBatch: recordBatch(reservations, reservationFact) })
  await startConsumer(context, kafka, { topic: payments, handleBatch: recordBatch(payments, paymentFact) })

  const readUpTo = createReadUpTo(kafka, [saleConfirmed, reservations, payments])
  startSweep(context, { pool, readUpTo, terms, metrics }, sweepIntervalMs)
}
