import {
  ReservationsStated,
  STATED_MAX,
  StockStated,
  type StatedReservation,
  type StatedStock
} from '@gavel/contracts/events/statements.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { readAsOf, type Statement } from '@gavel/platform/statements.ts'
import type { Pool } from 'pg'

interface ReservationRow {
  order_number: string
  product_id: string
  quantity: number
  status: string
  changed_at: Date
}

/** What this service remembers of each sale. */
export const reservationStatement = (pool: Pool, clock: () => number): Statement => ({
  definition: ReservationsStated,
  readPage: (after) =>
    transaction(pool, async (client) => {
      const { asOf, rows } = await readAsOf(client, clock(), (on) =>
        on.query<ReservationRow>(
          `select order_number, product_id, quantity, status, coalesce(settled_at, decided_at) as changed_at
             from reservations
            where order_number > $1
            order by order_number
            limit $2`,
          [after, STATED_MAX]
        )
      )
      const reservations = rows.rows.map((row): StatedReservation => ({
        orderNumber: row.order_number,
        productId: row.product_id,
        quantity: row.quantity,
        state: row.status,
        changedAt: row.changed_at.getTime()
      }))
      const upTo = reservations.length < STATED_MAX ? null : reservations.at(-1)!.orderNumber
      return { upTo, asOf, data: { reservations } }
    })
})

/** Each is counted over its reservations. */
const PRODUCTS = 50

interface StockRow {
  product_id: string
  locations: StatedStock['locations']
  held: number
  taken: number
}

/** The stock of each product, and what its reservations add up to. */
export const stockStatement = (pool: Pool, clock: () => number): Statement => ({
  definition: StockStated,
  readPage: (after) =>
    transaction(pool, async (client) => {
      const { asOf, rows } = await readAsOf(client, clock(), (on) =>
        on.query<StockRow>(
          `select product_id,
                  jsonb_agg(jsonb_build_object(
                    'location', location, 'available', available, 'reserved', reserved, 'sold', sold, 'version', version,
                    'changedAt', floor(extract(epoch from changed_at) * 1000)::bigint) order by location) as locations,
                  (select coalesce(sum(quantity), 0)::bigint
                     from reservations where reservations.product_id = stock.product_id and status = 'reserved') as held,
                  (select coalesce(sum(quantity), 0)::bigint
                     from reservations where reservations.product_id = stock.product_id and status = 'sold') as taken
             from stock
            where product_id in (select distinct product_id from stock where product_id > $1 order by product_id limit $2)
            group by product_id
            order by product_id`,
          [after, PRODUCTS]
        )
      )
      const products = rows.rows.map((row): StatedStock => ({
        productId: row.product_id,
        locations: row.locations,
        heldFor: row.held,
        soldTo: row.taken
      }))
      const upTo = products.length < PRODUCTS ? null : products.at(-1)!.productId
      return { upTo, asOf, data: { products } }
    })
})
