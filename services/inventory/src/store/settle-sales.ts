import type { BidFailed, OrderCreated } from '@gavel/contracts/events/sale.ts'
import type { StockPart } from '@gavel/contracts/primitives.ts'
import { reservations } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { StockBook } from '../domain/book.ts'
import { settle, statusAfter, type Ending, type ReservationStatus, type Settlement } from '../domain/settle.ts'
import type { MovementKind } from '../domain/stock.ts'
import { released } from './events.ts'
import {
  insertReservations,
  readReservations,
  settleReservations,
  type HeldReservation,
  type NewReservation
} from './reservation-rows.ts'
import { lockStock } from './stock-rows.ts'
import { writeBook } from './write-book.ts'

export type EndingEvent = IncomingEvent<typeof OrderCreated | typeof BidFailed>

/** What one sale's end came to here. */
export interface Settled {
  ending: Ending
  action: Settlement['action']
  status: ReservationStatus | undefined
  parts: readonly StockPart[]
  event: EndingEvent
}

/** Applies how sales ended, a whole batch in one transaction: held pieces are sold or given back. */
export function settleSales(
  pool: Pool,
  batch: { group: string; events: readonly EndingEvent[] },
  now: number
): Promise<Settled[]> {
  return transaction(pool, async (client) => {
    const fresh = await takeNew<EndingEvent>(client, batch.group, batch.events)
    if (fresh.length === 0) return []
    const productIds = [...new Set(fresh.map((event) => event.data.sale.productId))]
    const book = new StockBook(await lockStock(client, productIds), now)
    const known = await readReservations(client, [...new Set(fresh.map((event) => event.data.sale.orderNumber))])
    const settled = decideEndings(known, fresh)
    await writeStatuses(client, known, settled, now)
    moveAll(book, settled, 'sell', 'sold')
    moveAll(book, settled, 'release', 'released')
    await writeBook(client, book, now)
    await appendToOutbox(
      client,
      reservations,
      settled.flatMap(({ action, ending, parts, event }) =>
        action === 'release' ? [released(ending.sale, parts, now, event.traceparent)] : []
      )
    )
    return settled
  })
}

function decideEndings(known: ReadonlyMap<string, HeldReservation>, events: readonly EndingEvent[]): Settled[] {
  const statuses = new Map([...known].map(([orderNumber, { status }]) => [orderNumber, status]))
  return events.map((event) => {
    const { sale } = event.data
    const ending: Ending = { sale, outcome: event.name === 'OrderCreated' ? 'ordered' : 'failed' }
    const settlement = settle(statuses.get(sale.orderNumber), ending.outcome)
    const status = statusAfter(settlement)
    if (status !== undefined) statuses.set(sale.orderNumber, status)
    const parts = known.get(sale.orderNumber)?.parts ?? []
    return { ending, action: settlement.action, status, parts, event }
  })
}

/** One kind after the other, so that a batch makes one step of each at a place. */
function moveAll(book: StockBook, settled: readonly Settled[], action: Settlement['action'], kind: MovementKind): void {
  for (const { action: its, ending, parts, event } of settled) {
    if (its !== action) continue
    const { orderNumber, productId } = ending.sale
    const note = event.name === 'BidFailed' ? `BidFailed: ${event.data.reason}` : event.name
    const cause = { actor: 'order', note, orderNumber }
    for (const { location, quantity } of parts) book.move({ productId, location, pieces: quantity }, kind, cause)
  }
}

async function writeStatuses(
  client: PoolClient,
  known: ReadonlyMap<string, HeldReservation>,
  settled: readonly Settled[],
  now: number
): Promise<void> {
  // The last word on each order number is the one that is written.
  const last = new Map<string, NewReservation>()
  for (const { ending, status } of settled) {
    if (status !== undefined)
      last.set(ending.sale.orderNumber, { sale: ending.sale, status, parts: [], expiresAt: undefined })
  }
  const words = [...last.values()]
  await insertReservations(
    client,
    words.filter(({ sale }) => !known.has(sale.orderNumber)),
    now
  )
  await settleReservations(
    client,
    words.flatMap(({ sale: { orderNumber }, status }) => (known.has(orderNumber) ? [{ orderNumber, status }] : [])),
    now
  )
}
