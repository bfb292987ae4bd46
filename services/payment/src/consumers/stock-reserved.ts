import type { DataOf } from '@gavel/contracts/define.ts'
import type { StockReserved } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { onStockReserved } from '../domain/payment.ts'
import type { SaleChange } from '../store/decide.ts'

/** Stock is held for a sale: its price is due. */
export const stockReserved = (event: IncomingEvent<DataOf<typeof StockReserved>>, paymentId: string): SaleChange => ({
  orderNumber: event.data.sale.orderNumber,
  traceparent: event.traceparent,
  decide: (payment) => onStockReserved(payment, event.data.sale, paymentId)
})
