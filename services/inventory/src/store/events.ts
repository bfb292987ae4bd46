import type { Sale } from '@gavel/contracts/primitives.ts'
import { StockChanged } from '@gavel/contracts/events/inventory.ts'
import { StockRejected, StockReleased, StockReserved } from '@gavel/contracts/events/sale.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import type { Allocation } from '../domain/reserve.ts'
import type { ChangeReason } from '../domain/stock.ts'
import type { StockRow } from './stock-rows.ts'

/** What inventory tells the others. Ids are derived, so that a fact told twice has one id. */
const source = 'inventory'

export function stockChanged(row: StockRow, reason: ChangeReason, now: number): OutgoingEvent {
  const { productId, location, available, reserved, sold, version } = row
  return {
    definition: StockChanged,
    id: `${productId}.${location}.${version}.StockChanged`,
    key: productId,
    source,
    subject: productId,
    time: now,
    data: { productId, location, available, reserved, sold, version, reason, changedAt: now }
  }
}

export function allocated(allocation: Allocation, now: number, traceparent: string | undefined): OutgoingEvent {
  const { sale } = allocation
  return allocation.outcome === 'reserved'
    ? sagaEvent(StockReserved, sale, { sale, location: allocation.location, reservedAt: now }, now, traceparent)
    : sagaEvent(
        StockRejected,
        sale,
        { sale, reason: allocation.reason, available: allocation.available },
        now,
        traceparent
      )
}

export const released = (sale: Sale, location: string, now: number, traceparent: string | undefined): OutgoingEvent =>
  sagaEvent(StockReleased, sale, { sale, location, releasedAt: now }, now, traceparent)

function sagaEvent(
  definition: OutgoingEvent['definition'],
  sale: Sale,
  data: OutgoingEvent['data'],
  now: number,
  traceparent: string | undefined
): OutgoingEvent {
  const { orderNumber } = sale
  const event: OutgoingEvent = {
    definition,
    id: `${orderNumber}.${definition.name}`,
    key: orderNumber,
    source,
    subject: orderNumber,
    time: now,
    data
  }
  return traceparent === undefined ? event : { ...event, traceparent }
}
