import { isSynthetic } from '@gavel/contracts/canary.ts'
import type { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import { consumerGroup } from '@gavel/contracts/services.ts'
import { saleConfirmed } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { ConsumerParts } from './parts.ts'
import { reserveSales } from '../store/reserve-sales.ts'

/** Bids have won: hold pieces for them, first come, first served. */
export const createOnSaleConfirmed =
  ({ context, pool, metrics, terms }: ConsumerParts) =>
  async (events: readonly IncomingEvent<typeof SaleConfirmed>[]): Promise<void> => {
    metrics.batchSize.observe({ topic: saleConfirmed.name }, events.length)
    const batch = { group: consumerGroup('inventory', saleConfirmed), events }
    for (const allocation of await reserveSales(pool, batch, context.clock(), terms)) {
      const outcome = allocation.outcome === 'reserved' ? 'reserved' : allocation.reason
      if (isSynthetic(allocation.sale)) {
        metrics.synthetic.inc({ step: outcome })
        continue
      }
      metrics.reservations.inc({ outcome })
      if (allocation.outcome === 'reserved' && allocation.parts.length > 1) metrics.splits.inc()
    }
  }
