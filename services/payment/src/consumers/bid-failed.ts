import { randomUUID } from 'node:crypto'
import type { BidFailed } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { onBidFailed } from '../domain/payment.ts'
import type { SaleChange } from '../store/decide.ts'

/** A sale ended without an order: its money is given back or never taken. */
export const bidFailed = ({ data, traceparent }: IncomingEvent<typeof BidFailed>): SaleChange => ({
  orderNumber: data.sale.orderNumber,
  traceparent,
  decide: (payment) => onBidFailed(payment, data.sale, randomUUID())
})
