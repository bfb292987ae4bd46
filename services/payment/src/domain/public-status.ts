import type { Payment as PublicPayment } from '@gavel/contracts/api/payment.ts'
import type { PaymentStatus } from './payment.ts'

/** From outside, asking and not knowing is `due`; finding out in order to give back is `refund-due`. */
export const publicStatus: Record<PaymentStatus['status'], PublicPayment['status']> = {
  due: 'due',
  capturing: 'due',
  captured: 'captured',
  declined: 'declined',
  cancelling: 'refund-due',
  cancelled: 'cancelled',
  'refund-due': 'refund-due',
  refunded: 'refunded'
}
