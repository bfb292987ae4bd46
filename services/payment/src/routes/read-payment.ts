import type { Pool } from 'pg'
import type { readPayment as operation } from '@gavel/contracts/api/payment.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import { publicStatus } from '../domain/public-status.ts'
import { readPayment } from '../store/decide.ts'

/** Somebody else's payment answers as one that does not exist: order numbers must not be probed. */
export const readPaymentRoute =
  ({ pool }: { pool: Pool }): Handler<typeof operation> =>
  async ({ params, user }) => {
    const found = await readPayment(pool, params.orderNumber)
    if (!found || (found.payment.sale.userId !== user.userId && user.role !== 'admin'))
      throw new Refusal('PAYMENT_NOT_FOUND')
    const { payment, changedAt } = found
    return {
      status: 200,
      body: {
        paymentId: payment.paymentId,
        orderNumber: payment.sale.orderNumber,
        status: publicStatus[payment.status],
        amountMinor: payment.sale.totalMinor,
        currency: payment.sale.currency,
        changedAt
      }
    }
  }
