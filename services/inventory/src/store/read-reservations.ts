import type { Reservation, ReservationState } from '@gavel/contracts/api/inventory.ts'
import type { StockPart } from '@gavel/contracts/primitives.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { fromCursor, toCursor, toPage } from './cursor.ts'

interface Raw {
  order_number: string
  product_id: string
  quantity: number
  status: ReservationState
  parts: StockPart[]
  decided_at: Date
  settled_at: Date | null
  expires_at: Date | null
}

function toReservation(raw: Raw): Reservation {
  const reservation: Reservation = {
    orderNumber: raw.order_number,
    productId: raw.product_id,
    quantity: raw.quantity,
    state: raw.status,
    parts: raw.parts,
    decidedAt: raw.decided_at.getTime()
  }
  if (raw.expires_at !== null) reservation.expiresAt = raw.expires_at.getTime()
  if (raw.settled_at !== null) reservation.settledAt = raw.settled_at.getTime()
  return reservation
}

export interface ReservationQuery {
  orderNumber?: string | undefined
  productId?: string | undefined
  state?: ReservationState | undefined
  cursor?: string | undefined
  limit: number
}

/** What is remembered of sales, newest first. */
export async function listReservations(
  client: Queryable,
  { orderNumber, productId, state, cursor, limit }: ReservationQuery
): Promise<{ items: Reservation[]; nextCursor?: string }> {
  const after = fromCursor(cursor, /^\d{1,15}$/, /^[A-Za-z0-9_.-]{3,80}$/)
  const { rows } = await client.query<Raw>(
    `select order_number, product_id, quantity, status, decided_at, settled_at, expires_at, parts
       from reservations
      where ($1::text is null or order_number = $1)
        and ($2::text is null or product_id = $2)
        and ($3::text is null or status = $3)
        and ($4::timestamptz is null or (decided_at, order_number) < ($4, $5::text))
      order by decided_at desc, order_number desc
      limit $6`,
    [
      orderNumber ?? null,
      productId ?? null,
      state ?? null,
      after ? new Date(Number(after[0])) : null,
      after?.[1] ?? null,
      limit + 1
    ]
  )
  return toPage(rows.map(toReservation), limit, (item) => toCursor(item.decidedAt, item.orderNumber))
}
