import type { Order } from '@gavel/contracts/api/order.ts'
import type { Position } from './cursor.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { toSale, type RawSale } from './sale-rows.ts'

interface RawOrder extends RawSale {
  payment_id: string
  created_at: Date
}

const toOrder = (raw: RawOrder): Order => ({
  ...toSale(raw),
  paymentId: raw.payment_id,
  createdAt: raw.created_at.getTime()
})

export interface OrderFilter {
  userId: string | undefined
  auctionId: string | undefined
  after: Position | undefined
  limit: number
}

/** Newest first; one row more than the limit tells whether a page follows. */
export async function findOrders(
  client: Queryable,
  { userId, auctionId, after, limit }: OrderFilter
): Promise<Order[]> {
  const { rows } = await client.query<RawOrder>(
    `select order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
            payment_id, created_at
       from orders
      where ($1::text is null or user_id = $1)
        and ($2::text is null or auction_id = $2)
        and ($3::timestamptz is null or (created_at, order_number) < ($3, $4::text))
      order by created_at desc, order_number desc
      limit $5`,
    [userId ?? null, auctionId ?? null, after ? new Date(after.time) : null, after?.orderNumber ?? null, limit + 1]
  )
  return rows.map(toOrder)
}

export async function findOrder(client: Queryable, orderNumber: string): Promise<Order | undefined> {
  const { rows } = await client.query<RawOrder>(
    `select order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
            payment_id, created_at
       from orders
      where order_number = $1`,
    [orderNumber]
  )
  return rows[0] && toOrder(rows[0])
}
