import { randomUUID } from 'node:crypto'
import type { EventDefinition } from '@gavel/contracts/define.ts'
import { BidFailed, OrderCreated, SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { Secret } from '@gavel/platform/config.ts'
import { createPool, type Pool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import { freshPostgres } from '../../../test/support/database.ts'
import { applyCommands } from '../src/store/apply-commands.ts'
import { reserveSales } from '../src/store/reserve-sales.ts'
import { settleSales, type EndingEvent } from '../src/store/settle-sales.ts'

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

export const terms = { reservationTtlMs: 60_000 }
export const confirmSales = (
  pool: Pool,
  events: readonly IncomingEvent<typeof SaleConfirmed>[],
  now = 2
): ReturnType<typeof reserveSales> => reserveSales(pool, { group: 'inventory.sale-confirmed', events }, now, terms)
export const endSales = (pool: Pool, events: readonly EndingEvent[], now = 3): ReturnType<typeof settleSales> =>
  settleSales(pool, { group: 'inventory.orders', events }, now)

export async function setStock(
  pool: Pool,
  place: { productId: string; location: string; available: number },
  now = 1
): Promise<void> {
  await applyCommands(pool, [{ kind: 'set', actor: 'admin', ...place }], now)
}

/** The history cannot be emptied, not even by a test: it takes the trigger off for a moment, as nobody else does. */
export async function emptyAll(pool: Pool): Promise<void> {
  await pool.query(`
    alter table stock_history disable trigger stock_history_is_immutable;
    truncate stock, reservations, stock_commands, stock_history, outbox, inbox;
    alter table stock_history enable always trigger stock_history_is_immutable`)
}
