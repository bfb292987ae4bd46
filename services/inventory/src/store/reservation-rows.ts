import type { Sale, StockPart } from '@gavel/contracts/primitives.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { ReservationStatus } from '../domain/settle.ts'
import { decidedElsewhere } from '@gavel/platform/postgres/decided-elsewhere.ts'
import type { Expired } from './events.ts'

/** The table `reservations`: what is remembered of each order number, once and for good. */
export interface HeldReservation {
  orderNumber: string
  parts: StockPart[]
  status: ReservationStatus
}

/** Read under the locks of the products' stock, so that nobody decides about these order numbers at the same time. */
export async function readReservations(
  client: Queryable,
  orderNumbers: readonly string[]
): Promise<Map<string, HeldReservation>> {
  const { rows } = await client.query<{ order_number: string; parts: StockPart[]; status: ReservationStatus }>(
    `select order_number, parts, status
       from reservations
      where order_number = any ($1::text[])
      order by order_number
        for update`,
    [orderNumbers]
  )
  return new Map(
    rows.map(({ order_number, parts, status }) => [order_number, { orderNumber: order_number, parts, status }])
  )
}

/** A sale that nothing was remembered of, and what is remembered from now on. */
export interface NewReservation {
  sale: Sale
  status: ReservationStatus
  parts: readonly StockPart[]
  /** Only of one that holds pieces. */
  expiresAt: number | undefined
}

/**
 * Remembers sales. Where another transaction remembered one of them since it was looked for (possible only while a product
 * has no stock row to lock), nothing is written and the batch is decided again.
 */
export async function insertReservations(
  client: Queryable,
  reservations: readonly NewReservation[],
  now: number
): Promise<void> {
  if (reservations.length === 0) return
  const { rowCount } = await client.query(
    `insert into reservations (order_number, product_id, parts, quantity, status, sale, expires_at, decided_at)
     select order_number, product_id, parts, quantity, status, sale, expires_at, $8
       from unnest($1::text[], $2::text[], $3::jsonb[], $4::integer[], $5::text[], $6::jsonb[], $7::timestamptz[])
         as decided (order_number, product_id, parts, quantity, status, sale, expires_at)
      order by order_number
         on conflict (order_number) do nothing`,
    [
      reservations.map(({ sale }) => sale.orderNumber),
      reservations.map(({ sale }) => sale.productId),
      reservations.map(({ parts }) => JSON.stringify(parts)),
      reservations.map(({ sale }) => sale.quantity),
      reservations.map(({ status }) => status),
      reservations.map(({ sale, expiresAt }) => (expiresAt === undefined ? null : JSON.stringify(sale))),
      reservations.map(({ expiresAt }) => (expiresAt === undefined ? null : new Date(expiresAt))),
      new Date(now)
    ]
  )
  if (rowCount !== reservations.length)
    throw decidedElsewhere('A sale was decided by another transaction at the same moment')
}

/** Writes how known reservations ended. Pieces that turned out oversold have no place. */
export async function settleReservations(
  client: Queryable,
  settlements: readonly { orderNumber: string; status: ReservationStatus }[],
  now: number
): Promise<void> {
  if (settlements.length === 0) return
  await client.query(
    `update reservations
        set status = settled.status,
            parts = case when settled.status = 'oversold' then '[]' else reservations.parts end,
            expires_at = null,
            settled_at = $3
       from unnest($1::text[], $2::text[]) as settled (order_number, status)
      where reservations.order_number = settled.order_number`,
    [settlements.map(({ orderNumber }) => orderNumber), settlements.map(({ status }) => status), new Date(now)]
  )
}

/**
 * Takes up to `limit` reservations whose time is over and gives them time until the next question. Those that a consumer is busy with are
 * left to the next look: their news may just have come.
 */
export async function postponeExpired(
  client: Queryable,
  { now, againMs, limit }: { now: number; againMs: number; limit: number }
): Promise<Expired[]> {
  const { rows } = await client.query<{ sale: Sale; decided_at: Date; expired_at: Date; asked: number }>(
    `with due as (
       select order_number, expires_at
         from reservations
        where expires_at <= $1
        order by expires_at
        limit $3
          for update skip locked
     )
     update reservations
        set expires_at = $1::timestamptz + $2 * interval '1 millisecond',
            asked = reservations.asked + 1
       from due
      where reservations.order_number = due.order_number
  returning reservations.sale, reservations.decided_at, due.expires_at as expired_at, reservations.asked`,
    [new Date(now), againMs, limit]
  )
  return rows.map(({ sale, decided_at, expired_at, asked }) => ({
    sale,
    reservedAt: decided_at.getTime(),
    expiredAt: expired_at.getTime(),
    asked
  }))
}

/** Pieces of orders for which nothing was held. Always zero. */
export async function countOversoldPieces(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ pieces: string }>(
    `select coalesce(sum(quantity), 0) as pieces from reservations where status = 'oversold'`
  )
  return Number(rows[0]?.pieces ?? 0)
}
