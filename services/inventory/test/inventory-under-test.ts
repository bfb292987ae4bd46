import { randomUUID } from 'node:crypto'
import type { EventDefinition } from '@gavel/contracts/define.ts'
import { BidFailed, OrderCreated, SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { Secret } from '@gavel/platform/config.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import { freshPostgres } from '../../../test/support/database.ts'

/** Inventory's store on a database of its own, and builders of what it is told. */

export async function aDatabase(poolMax = 5) {
  const postgres = await freshPostgres('inventory')
  const context = createContext({ name: 'inventory', logLevel: 'silent' })
  const pool = createPool({ url: new Secret(postgres.url), poolMax }, context)
  return {
    context,
    pool,
    url: postgres.url,
    release: async () => {
      await context.closers.closeAll(10_000)
      await postgres.release()
    }
  }
}

export const aSale = (number: number, over: Partial<Sale> = {}): Sale => ({
  orderNumber: `auction.${number}`,
  auctionId: 'auction',
  productId: 'lamp',
  userId: `user-${number}`,
  quantity: 1,
  unitPriceMinor: 250,
  totalMinor: 250 * (over.quantity ?? 1),
  currency: 'USD',
  confirmedAt: 1_700_000_000_000,
  ...over
})

/** An event as the consumer hands it over. */
const incoming = <Definition extends EventDefinition>(
  definition: Definition,
  id: string,
  data: unknown
): IncomingEvent<Definition> =>
  ({
    definition,
    name: definition.name,
    id,
    key: id,
    data,
    time: 0,
    subject: undefined,
    source: 'test',
    topic: 'test',
    partition: 0,
    offset: '0'
  }) as unknown as IncomingEvent<Definition>

/** `again` gives the same event under another id: a repeat that the inbox does not know. */
export const saleConfirmed = (sale: Sale, again = false): IncomingEvent<typeof SaleConfirmed> =>
  incoming(SaleConfirmed, again ? randomUUID() : `${sale.orderNumber}.SaleConfirmed`, { sale })
export const orderCreated = (sale: Sale, again = false): IncomingEvent<typeof OrderCreated> =>
  incoming(OrderCreated, again ? randomUUID() : `${sale.orderNumber}.end`, { sale, paymentId: 'payment', createdAt: 1 })
export const bidFailed = (sale: Sale, again = false): IncomingEvent<typeof BidFailed> =>
  incoming(BidFailed, again ? randomUUID() : `${sale.orderNumber}.end`, { sale, reason: 'TIMED_OUT', failedAt: 1 })
