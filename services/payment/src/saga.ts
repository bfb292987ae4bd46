import type { Pool } from 'pg'
import { orders, reservations, users } from '@gavel/contracts/topics.ts'
import type { Secret } from '@gavel/platform/config.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type BatchContext } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { accountErased } from './consumers/account-erased.ts'
import { bidFailed } from './consumers/bid-failed.ts'
import { stockReserved } from './consumers/stock-reserved.ts'
import type { PaymentMetrics } from './metrics.ts'
import type { PaymentProvider } from './provider/port.ts'
import { applyToSales, type SaleChange } from './store/decide.ts'
import { listen } from './store/listen.ts'
import { workChannel } from './store/payments.ts'
import { startWorker, type WorkerOptions } from './worker.ts'

export interface SagaParts {
  kafka: KafkaHandle
  pool: Pool
  url: Secret
  provider: PaymentProvider
  metrics: PaymentMetrics
  worker: WorkerOptions
}

/** Payment's part in a sale: hears of reservations and failures, and works off what is due. */
export async function startSaga(context: ServiceContext, parts: SagaParts): Promise<void> {
  const { kafka, pool, url, provider, metrics } = parts
  const worker = startWorker(context, { pool, provider, metrics, options: parts.worker })
  context.closers.add('payment worker', () => worker.stop(), 'consumers')
  const listener = await listen(context, url, workChannel, () => worker.wake())
  context.closers.add('work notices', () => listener.stop(), 'relays')

  /** A whole batch, its inbox entries and its effect are one transaction. */
  const applied =
    <Event extends { id: string }>(changeOf: (event: Event) => SaleChange) =>
    async (events: Event[], { group }: BatchContext): Promise<void> =>
      await transaction(pool, async (client) => {
        const fresh = await takeNew(client, group, events)
        await applyToSales(client, fresh.map(changeOf))
      })
  await startConsumer(context, kafka, { topic: reservations, handlers: { StockReserved: applied(stockReserved) } })
  await startConsumer(context, kafka, { topic: orders, handlers: { BidFailed: applied(bidFailed) } })
  await startConsumer(context, kafka, { topic: users, handlers: { AccountErased: accountErased(pool) } })
}
