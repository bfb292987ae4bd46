import { SalesStated, STATED_MAX, type StatedSale } from '@gavel/contracts/events/statements.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { readAsOf, type Statement } from '@gavel/platform/statements.ts'
import type { Pool } from 'pg'

interface Row {
  order_number: string
  status: StatedSale['status']
  ordered_minor: number | null
  changed_at: Date
}

/** How each sale ended, by the table of outcomes where it has one, and whether there is an order of it. */
export const saleStatement = (pool: Pool, clock: () => number): Statement => ({
  definition: SalesStated,
  readPage: (after) =>
    transaction(pool, async (client) => {
      const { asOf, rows } = await readAsOf(client, clock(), (on) =>
        on.query<Row>(
          `select order_number, coalesce(outcomes.outcome, 'open') as status, orders.total_minor as ordered_minor,
                  coalesce(ended_at, started_at) as changed_at
             from sales
             left join outcomes using (order_number)
             left join orders using (order_number)
            where order_number > $1
            order by order_number
            limit $2`,
          [after, STATED_MAX]
        )
      )
      const sales = rows.rows.map((row): StatedSale => ({
        orderNumber: row.order_number,
        status: row.status,
        ...(row.ordered_minor !== null && { orderedMinor: row.ordered_minor }),
        changedAt: row.changed_at.getTime()
      }))
      const upTo = sales.length < STATED_MAX ? null : sales.at(-1)!.orderNumber
      return { upTo, asOf, data: { sales } }
    })
})
