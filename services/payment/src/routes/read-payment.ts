import type { Pool } from 'pg'
import type { Payment as PublicPayment, readPayment as operation } from '@gavel/contracts/api/payment.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { PaymentStatus } from '../domain/payment.ts'
import { readPayment } from '../store/decide.ts'

/** From outside, asking and not knowing is `due`; finding out in order to give back is `refund-due`. */
const publicStatus: Record<PaymentStatus['status'], PublicPayment['status']> = {
  due: 'due',
  capturing: 'due',
  captured: 'captured',
  declined: 'declined',
  cancelling: 'refund-due',
  cancelled: 'cancelled',
  'refund-due': 'refund-due',
  refunded: 'refunded'
}

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
