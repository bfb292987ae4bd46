import type { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import { consumerGroup } from '@gavel/contracts/services.ts'
import { saleConfirmed } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { ConsumerParts } from './parts.ts'
import { reserveSales } from '../store/reserve-sales.ts'

/** Bids have won: hold pieces for them, first come, first served. */
export const createOnSaleConfirmed =
  ({ context, pool, cache, metrics }: ConsumerParts) =>
  async (events: readonly IncomingEvent<typeof SaleConfirmed>[]): Promise<void> => {
    metrics.batchSize.observe({ topic: saleConfirmed.name }, events.length)
    const allocations = await reserveSales(pool, consumerGroup('inventory', saleConfirmed), events, context.clock())
    const changed = new Set<string>()
    for (const allocation of allocations) {
      metrics.reservations.inc({ outcome: allocation.outcome === 'reserved' ? 'reserved' : allocation.reason })
      if (allocation.outcome === 'reserved') changed.add(allocation.sale.productId)
    }
    await cache.renew([...changed])
  }
