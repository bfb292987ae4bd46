import { PaymentsStated, STATED_MAX, type StatedPayment } from '@gavel/contracts/events/statements.ts'
import { transaction, type Pool } from '@gavel/platform/postgres/pool.ts'
import { readAsOf, type Statement } from '@gavel/platform/statements.ts'
import type { PaymentStatus } from '../domain/payment.ts'
import { publicStatus } from '../domain/public-status.ts'

const pageSql = `
  select order_number, status, sale ->> 'currency' as currency, (sale ->> 'totalMinor')::bigint as amount_minor, changed_at
  from payments
  where order_number collate "C" > $1
  order by order_number collate "C"
  limit $2`

interface Row {
  order_number: string
  status: PaymentStatus['status']
  currency: string
  amount_minor: number
  changed_at: Date
}

/** What this service has taken for each sale, as its table has it. */
export const paymentStatement = (pool: Pool, clock: () => number): Statement => ({
  definition: PaymentsStated,
  readPage: (after) =>
    transaction(pool, async (client) => {
      const { asOf, rows } = await readAsOf(client, clock(), (on) => on.query<Row>(pageSql, [after, STATED_MAX]))
      const payments = rows.rows.map((row): StatedPayment => ({
        orderNumber: row.order_number,
        status: publicStatus[row.status],
        amountMinor: row.amount_minor,
        currency: row.currency,
        changedAt: row.changed_at.getTime()
      }))
      const upTo = payments.length < STATED_MAX ? null : payments.at(-1)!.orderNumber
      return { upTo, asOf, data: { payments } }
    })
})
