import type { Sale } from '@gavel/contracts/primitives.ts'
import { Fault } from '@gavel/platform/errors.ts'
import type { ReservationStatus } from '../domain/settle.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'

/** The table `reservations`: what is remembered of each order number, once and for good. */
export interface Reservation {
  orderNumber: string
  productId: string
  location: string | undefined
  quantity: number
  status: ReservationStatus
}

interface Raw {
  order_number: string
  product_id: string
  location: string | null
  quantity: number
  status: ReservationStatus
}

/** Read under the locks of the products' stock, so that nobody decides about these order numbers at the same time. */
export async function readReservations(
  client: Queryable,
  orderNumbers: readonly string[]
): Promise<Map<string, Reservation>> {
  const { rows } = await client.query<Raw>(
    `select order_number, product_id, location, quantity, status
       from reservations
      where order_number = any ($1::text[])
      order by order_number
        for update`,
    [orderNumbers]
  )
  return new Map(
    rows.map((raw) => [
      raw.order_number,
      {
        orderNumber: raw.order_number,
        productId: raw.product_id,
        location: raw.location ?? undefined,
        quantity: raw.quantity,
        status: raw.status
      }
    ])
  )
}

/** A sale that nothing was remembered of, and what is remembered from now on. */
export interface NewReservation {
  sale: Sale
  status: ReservationStatus
  location?: string
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
    `insert into reservations (order_number, product_id, location, quantity, status, decided_at)
     select order_number, product_id, location, quantity, status, $6
       from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[])
         as decided (order_number, product_id, location, quantity, status)
      order by order_number
         on conflict (order_number) do nothing`,
    [
      reservations.map(({ sale }) => sale.orderNumber),
      reservations.map(({ sale }) => sale.productId),
      reservations.map(({ location }) => location ?? null),
      reservations.map(({ sale }) => sale.quantity),
      reservations.map(({ status }) => status),
      new Date(now)
    ]
  )
  if (rowCount !== reservations.length) throw new Fault('A sale was decided by another transaction at the same moment')
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
            location = case when settled.status = 'oversold' then null else reservations.location end,
            settled_at = $3
       from unnest($1::text[], $2::text[]) as settled (order_number, status)
      where reservations.order_number = settled.order_number`,
    [settlements.map(({ orderNumber }) => orderNumber), settlements.map(({ status }) => status), new Date(now)]
  )
}

/** Pieces of orders for which nothing was held. Always zero. */
export async function countOversoldPieces(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ pieces: string }>(
    `select coalesce(sum(quantity), 0) as pieces from reservations where status = 'oversold'`
  )
  return Number(rows[0]?.pieces ?? 0)
}
