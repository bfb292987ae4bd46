import type { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import { reservations } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool } from 'pg'
import { StockBook } from '../domain/book.ts'
import { reserve, type Allocation } from '../domain/reserve.ts'
import { allocated } from './events.ts'
import { insertReservations, readReservations } from './reservation-rows.ts'
import { lockStock } from './stock-rows.ts'
import { writeBook } from './write-book.ts'

type SaleConfirmedEvent = IncomingEvent<typeof SaleConfirmed>

export interface ReserveTerms {
  /** Held for longer than this without news of the sale, order is asked how it ended. */
  reservationTtlMs: number
}

/**
 * Serves a whole batch of sales in one transaction: eight statements, whether it holds one sale or a thousand.
 * Five hundred buyers of one hot product cost one update of its row.
 */
export function reserveSales(
  pool: Pool,
  batch: { group: string; events: readonly SaleConfirmedEvent[] },
  now: number,
  { reservationTtlMs }: ReserveTerms
): Promise<Allocation[]> {
  return transaction(pool, async (client) => {
    const fresh = await takeNew(client, batch.group, batch.events)
    if (fresh.length === 0) return []
    const first = new Map<string, SaleConfirmedEvent>()
    for (const event of fresh)
      if (!first.has(event.data.sale.orderNumber)) first.set(event.data.sale.orderNumber, event)

    const sales = [...first.values()].map((event) => event.data.sale)
    const book = new StockBook(await lockStock(client, [...new Set(sales.map(({ productId }) => productId))]), now)
    const known = await readReservations(client, [...first.keys()])
    const allocations = reserve(
      book,
      sales.filter(({ orderNumber }) => !known.has(orderNumber))
    )

    await insertReservations(
      client,
      allocations.map((allocation) => ({
        sale: allocation.sale,
        status: allocation.outcome,
        parts: allocation.outcome === 'reserved' ? allocation.parts : [],
        expiresAt: allocation.outcome === 'reserved' ? now + reservationTtlMs : undefined
      })),
      now
    )
    await appendToOutbox(
      client,
      reservations,
      allocations.map((allocation) => allocated(allocation, now, first.get(allocation.sale.orderNumber)?.traceparent))
    )
    await writeBook(client, book, now)
    return allocations
  })
}
