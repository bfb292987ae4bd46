import type { BidFailed, OrderCreated } from '@gavel/contracts/events/sale.ts'
import { reservations, stock } from '@gavel/contracts/topics.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { takeNew } from '@gavel/platform/postgres/inbox.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { settle, statusAfter, type Ending, type ReservationStatus, type Settlement } from '../domain/settle.ts'
import { sumMovements, type Movement, type MovementKind } from '../domain/stock.ts'
import { released, stockChanged } from './events.ts'
import {
  insertReservations,
  readReservations,
  settleReservations,
  type NewReservation,
  type Reservation
} from './reservation-rows.ts'
import { lockStock, moveStock } from './stock-rows.ts'

export type EndingEvent = IncomingEvent<typeof OrderCreated | typeof BidFailed>

/** What one sale's end came to here. */
export interface Settled {
  ending: Ending
  action: Settlement['action']
  status: ReservationStatus | undefined
  location: string | undefined
  traceparent: string | undefined
}

/** Applies how sales ended, a whole batch in one transaction: held pieces are sold or given back. */
export function settleSales(
  pool: Pool,
  group: string,
  events: readonly EndingEvent[],
  now: number
): Promise<Settled[]> {
  return transaction(pool, async (client) => {
    const fresh = await takeNew<EndingEvent>(client, group, events)
    if (fresh.length === 0) return []
    await lockStock(client, [...new Set(fresh.map((event) => event.data.sale.productId))])
    const known = await readReservations(client, [...new Set(fresh.map((event) => event.data.sale.orderNumber))])
    const settled = decideEndings(known, fresh)
    await writeStatuses(client, known, settled, now)
    await writeMovements(client, settled, now)
    return settled
  })
}

function decideEndings(known: ReadonlyMap<string, Reservation>, events: readonly EndingEvent[]): Settled[] {
  const statuses = new Map([...known].map(([orderNumber, { status }]) => [orderNumber, status]))
  return events.map((event) => {
    const { sale } = event.data
    const ending: Ending = { sale, outcome: event.name === 'OrderCreated' ? 'ordered' : 'failed' }
    const settlement = settle(statuses.get(sale.orderNumber), ending.outcome)
    const status = statusAfter(settlement)
    if (status !== undefined) statuses.set(sale.orderNumber, status)
    const location = known.get(sale.orderNumber)?.location
    return { ending, action: settlement.action, status, location, traceparent: event.traceparent }
  })
}

async function writeStatuses(
  client: PoolClient,
  known: ReadonlyMap<string, Reservation>,
  settled: readonly Settled[],
  now: number
): Promise<void> {
  // The last word on each order number is the one that is written.
  const last = new Map<string, NewReservation>()
  for (const { ending, status } of settled) {
    if (status !== undefined) last.set(ending.sale.orderNumber, { sale: ending.sale, status })
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

async function writeMovements(client: PoolClient, settled: readonly Settled[], now: number): Promise<void> {
  const moved = (action: Settlement['action']): (Movement & { of: Settled })[] =>
    settled.flatMap((of) => {
      const { productId, quantity } = of.ending.sale
      return of.action === action && of.location !== undefined
        ? [{ productId, location: of.location, quantity, of }]
        : []
    })
  const changes: [MovementKind, Movement[]][] = [
    ['sold', sumMovements(moved('sell'))],
    ['released', sumMovements(moved('release'))]
  ]
  for (const [kind, movements] of changes) {
    const rows = await moveStock(client, kind, movements, now)
    await appendToOutbox(
      client,
      stock,
      rows.map((row) => stockChanged(row, kind, now))
    )
  }
  const back = moved('release').map(({ of, location }) => released(of.ending.sale, location, now, of.traceparent))
  await appendToOutbox(client, reservations, back)
}
