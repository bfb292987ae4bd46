import type { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import { reservations, stock } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool } from 'pg'
import { reserve, type Allocation } from '../domain/reserve.ts'
import { sumMovements } from '../domain/stock.ts'
import { allocated, stockChanged } from './events.ts'
import { insertReservations, readReservations } from './reservation-rows.ts'
import { lockStock, moveStock } from './stock-rows.ts'

type SaleConfirmedEvent = IncomingEvent<typeof SaleConfirmed>

/**
 * Serves a whole batch of sales in one transaction: seven statements, whether it holds one sale or a thousand.
 * Five hundred buyers of one hot product cost one update of its row.
 */
export function reserveSales(
  pool: Pool,
  group: string,
  events: readonly SaleConfirmedEvent[],
  now: number
): Promise<Allocation[]> {
  return transaction(pool, async (client) => {
    const fresh = await takeNew(client, group, events)
    if (fresh.length === 0) return []
    const first = new Map<string, SaleConfirmedEvent>()
    for (const event of fresh)
      if (!first.has(event.data.sale.orderNumber)) first.set(event.data.sale.orderNumber, event)

    const sales = [...first.values()].map((event) => event.data.sale)
    const held = await lockStock(client, [...new Set(sales.map(({ productId }) => productId))])
    const known = await readReservations(client, [...first.keys()])
    const allocations = reserve(
      held,
      sales.filter(({ orderNumber }) => !known.has(orderNumber))
    )

    const taken = sumMovements(
      allocations.flatMap((allocation) =>
        allocation.outcome === 'reserved'
          ? [
              {
                productId: allocation.sale.productId,
                location: allocation.location,
                quantity: allocation.sale.quantity
              }
            ]
          : []
      )
    )
    const changed = await moveStock(client, 'reserved', taken, now)
    await insertReservations(
      client,
      allocations.map((allocation) => ({
        sale: allocation.sale,
        status: allocation.outcome,
        ...(allocation.outcome === 'reserved' && { location: allocation.location })
      })),
      now
    )
    await appendToOutbox(
      client,
      reservations,
      allocations.map((allocation) => allocated(allocation, now, first.get(allocation.sale.orderNumber)?.traceparent))
    )
    await appendToOutbox(
      client,
      stock,
      changed.map((row) => stockChanged(row, 'reserved', now))
    )
    return allocations
  })
}
