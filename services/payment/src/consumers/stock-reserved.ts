import { randomUUID } from 'node:crypto'
import type { StockReserved, StockReservedV2 } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { onStockReserved } from '../domain/payment.ts'
import type { SaleChange } from '../store/decide.ts'

/** Stock is held for a sale: its price is due. */
export const stockReserved = ({
  data,
  traceparent
}: IncomingEvent<typeof StockReserved | typeof StockReservedV2>): SaleChange => ({
  orderNumber: data.sale.orderNumber,
  traceparent,
  decide: (payment) => onStockReserved(payment, data.sale, randomUUID())
})
