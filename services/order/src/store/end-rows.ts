import type { SaleEnd } from '../domain/batch.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { saleColumns } from './sale-rows.ts'

/** The tables `outcomes` and `orders`: rows are added and never touched again; the database refuses anything else. */

/** Writes how sales ended and answers those whose end this is. A sale that has one already keeps it. */
export async function insertOutcomes(client: Queryable, ends: readonly SaleEnd[], now: number): Promise<SaleEnd[]> {
  if (ends.length === 0) return []
  const { rows } = await client.query<{ order_number: string }>(
    `insert into outcomes (order_number, outcome, reason, ended_at)
     select order_number, outcome, reason, $4
       from unnest($1::text[], $2::text[], $3::text[]) as ended (order_number, outcome, reason)
      order by order_number
         on conflict (order_number) do nothing
  returning order_number`,
    [
      ends.map(({ sale }) => sale.orderNumber),
      ends.map(({ end }) => end.outcome),
      ends.map(({ end }) => (end.outcome === 'failed' ? end.reason : null)),
      new Date(now)
    ]
  )
  const written = new Set(rows.map((row) => row.order_number))
  return ends.filter(({ sale }) => written.has(sale.orderNumber))
}

/** Writes the orders among the ends. */
export async function insertOrders(client: Queryable, ends: readonly SaleEnd[], now: number): Promise<void> {
  const orders = ends.flatMap(({ sale, end }) =>
    end.outcome === 'ordered' ? [{ sale, paymentId: end.paymentId }] : []
  )
  if (orders.length === 0) return
  await client.query(
    `insert into orders (order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
                         payment_id, created_at)
     select order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
            payment_id, $11
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[], $8::text[],
                   $9::timestamptz[], $10::text[])
         as ordered (order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency,
                     confirmed_at, payment_id)
      order by order_number`,
    [...saleColumns(orders.map(({ sale }) => sale)), orders.map(({ paymentId }) => paymentId), new Date(now)]
  )
}
