import { StockChanged, StockChangedV2 } from '@gavel/contracts/events/inventory.ts'
import {
  ReservationExpired,
  StockRejected,
  StockReleased,
  StockReleasedV2,
  StockReserved,
  StockReservedV2
} from '@gavel/contracts/events/sale.ts'
import type { Sale, StockPart } from '@gavel/contracts/primitives.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import type { Step } from '../domain/book.ts'
import type { Allocation } from '../domain/reserve.ts'

/** What inventory tells the others. Ids are derived, so that a fact told twice has one id. */
const source = 'inventory'

/** Version 2 of an event only where version 1 cannot say it: readers that know only the first still read nearly all. */
export function stockChanged(step: Step, now: number): OutgoingEvent {
  const { productId, location, available, reserved, sold, version, reason, transferId } = step
  const figures = { productId, location, available, reserved, sold, version, reason, changedAt: now }
  return {
    definition: transferId === undefined ? StockChanged : StockChangedV2,
    id: `${productId}.${location}.${version}.StockChanged`,
    key: productId,
    source,
    subject: productId,
    time: now,
    data: transferId === undefined ? figures : { ...figures, transferId }
  }
}

export function allocated(allocation: Allocation, now: number, traceparent: string | undefined): OutgoingEvent {
  const { sale } = allocation
  if (allocation.outcome === 'rejected') {
    const { reason, available } = allocation
    return sagaEvent(StockRejected, sale, { sale, reason, available }, now, traceparent)
  }
  const [only, ...others] = allocation.parts
  return only && others.length === 0
    ? sagaEvent(StockReserved, sale, { sale, location: only.location, reservedAt: now }, now, traceparent)
    : sagaEvent(StockReservedV2, sale, { sale, parts: allocation.parts, reservedAt: now }, now, traceparent)
}

export function released(
  sale: Sale,
  parts: readonly StockPart[],
  now: number,
  traceparent: string | undefined
): OutgoingEvent {
  const [only, ...others] = parts
  return only && others.length === 0
    ? sagaEvent(StockReleased, sale, { sale, location: only.location, releasedAt: now }, now, traceparent)
    : sagaEvent(StockReleasedV2, sale, { sale, parts, releasedAt: now }, now, traceparent)
}

export interface Expired {
  sale: Sale
  reservedAt: number
  expiredAt: number
  /** How often it has been asked for, this time included: each question is an event of its own. */
  asked: number
}

export function reservationExpired({ sale, ...expired }: Expired, now: number): OutgoingEvent {
  const event = sagaEvent(ReservationExpired, sale, { sale, ...expired }, now, undefined)
  return { ...event, id: `${event.id}.${expired.asked}` }
}

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
