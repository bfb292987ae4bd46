import type { OrderCreated } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import type { Credit } from '../credit.ts'

/** Paid: the price is held no longer. */
export const onOrderCreated =
  (credit: Credit) =>
  async (events: IncomingEvent<typeof OrderCreated>[]): Promise<void> => {
    await Promise.all(events.map(async ({ data }) => await credit.saleEnded(data.sale)))
  }
