import { isSynthetic } from '@gavel/contracts/canary.ts'
import type { BidFailed, OrderCreated } from '@gavel/contracts/events/sale.ts'
import { consumerGroup } from '@gavel/contracts/services.ts'
import { orders } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { ConsumerParts } from './parts.ts'
import { settleSales } from '../store/settle-sales.ts'

/** Sales ended: what was held for them is sold (OrderCreated) or given back (BidFailed). Both in one transaction for each batch. */
export const createOnSaleEnded =
  ({ context, pool, metrics }: ConsumerParts) =>
  async (events: readonly IncomingEvent<typeof OrderCreated | typeof BidFailed>[]): Promise<void> => {
    metrics.batchSize.observe({ topic: orders.name }, events.length)
    const batch = { group: consumerGroup('inventory', orders), events }
    for (const { ending, action } of await settleSales(pool, batch, context.clock())) {
      if (isSynthetic(ending.sale)) metrics.synthetic.inc({ step: action })
      else metrics.settlements.inc({ action })
      if (action === 'oversold')
        context.log.error({ orderNumber: ending.sale.orderNumber }, 'An order exists for which no pieces are held')
    }
  }
