import type { SaleEnd } from '../domain/batch.ts'
import type { End } from '../domain/progress.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { FailureReason } from '@gavel/contracts/errors.ts'
import { saleColumns, toSale, type RawSale } from './sale-rows.ts'

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

type RawEnd = RawSale & { reason: FailureReason | null; payment_id: string | null; ended_at: Date }

/** How sales ended, as it was told. */
export async function readEnds(
  client: Queryable,
  orderNumbers: readonly string[]
): Promise<(Omit<SaleEnd, 'traceparent'> & { endedAt: number })[]> {
  if (orderNumbers.length === 0) return []
  const { rows } = await client.query<RawEnd>(
    `select sales.order_number, sales.auction_id, sales.product_id, sales.user_id, sales.quantity, sales.unit_price_minor,
            sales.total_minor, sales.currency, sales.confirmed_at, reason, payment_id, ended_at
       from outcomes
       join sales using (order_number)
       left join orders using (order_number)
      where order_number = any ($1::text[])
      order by order_number`,
    [orderNumbers]
  )
  return rows.map((raw) => ({ sale: toSale(raw), end: endOf(raw), endedAt: raw.ended_at.getTime() }))
}

function endOf({ order_number, reason, payment_id }: RawEnd): End {
  if (reason !== null) return { outcome: 'failed', reason }
  if (payment_id !== null) return { outcome: 'ordered', paymentId: payment_id }
  throw new Error(`The sale ${order_number} ended well and has no order`)
}
