import type { DataOf } from '@gavel/contracts/define.ts'
import type { BidFailed } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { onBidFailed } from '../domain/payment.ts'
import type { SaleChange } from '../store/decide.ts'

/** A sale ended without an order: its money is given back or never taken. */
export const bidFailed = (event: IncomingEvent<DataOf<typeof BidFailed>>, paymentId: string): SaleChange => ({
  orderNumber: event.data.sale.orderNumber,
  traceparent: event.traceparent,
  decide: (payment) => onBidFailed(payment, event.data.sale, paymentId)
})
