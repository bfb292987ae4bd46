import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { DataOf, EventDefinition, TopicDefinition } from '@gavel/contracts/define.ts'
import { BidFailed, StockReserved } from '@gavel/contracts/events/sale.ts'
import { consumerGroup } from '@gavel/contracts/services.ts'
import { orders, reservations } from '@gavel/contracts/topics.ts'
import type { Kafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { bidFailed } from './consumers/bid-failed.ts'
import { stockReserved } from './consumers/stock-reserved.ts'
import type { PaymentMetrics } from './metrics.ts'
import type { PaymentProvider } from './provider/port.ts'
import { applyToSales, type SaleChange } from './store/decide.ts'
import { listen } from './store/listen.ts'
import { workChannel } from './store/payments.ts'
import { startWorker, type WorkerOptions } from './worker.ts'

const is = <Definition extends EventDefinition>(
  event: IncomingEvent,
  definition: Definition
): event is IncomingEvent<DataOf<Definition>> => event.definition.type === definition.type

/** What an event means for its sale; undefined where it means nothing to payment. */
function changeOf(event: IncomingEvent): SaleChange | undefined {
  if (is(event, StockReserved)) return stockReserved(event, randomUUID())
  if (is(event, BidFailed)) return bidFailed(event, randomUUID())
  return undefined
}

export interface SagaParts {
  kafka: Kafka
  pool: Pool
  connectionString: string
  provider: PaymentProvider
  metrics: PaymentMetrics
  worker: WorkerOptions
}

/** Payment's part in a sale: hears of reservations and failures, and works off what is due. */
export async function startSaga(context: ServiceContext, parts: SagaParts): Promise<void> {
  const { kafka, pool, connectionString, provider, metrics } = parts
  const worker = startWorker(context, { pool, provider, metrics, options: parts.worker })
  context.closers.add('payment worker', () => worker.stop(), 'consumers')
  const listener = await listen(context, connectionString, workChannel, () => worker.wake())
  context.closers.add('work notices', () => listener.stop(), 'relays')

  const follow = async (topic: TopicDefinition): Promise<void> => {
    const group = consumerGroup('payment', topic)
    await startConsumer(context, kafka, {
      topic,
      group,
      handleBatch: async (events) => {
        const meant = events.filter((event) => changeOf(event) !== undefined)
        if (meant.length === 0) return
        await transaction(pool, async (client) => {
          const fresh = await takeNew(client, group, meant)
          await applyToSales(client, fresh.map(changeOf).filter((change) => change !== undefined))
        })
      }
    })
  }
  await follow(reservations)
  await follow(orders)
}
