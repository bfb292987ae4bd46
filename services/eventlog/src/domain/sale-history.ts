import type { RecordedEvent, SaleAt } from '@gavel/contracts/api/eventlog.ts'
import {
  BidFailed,
  OrderCreated,
  PaymentCaptured,
  PaymentDeclined,
  PaymentRefunded,
  StockRejected,
  StockReleased,
  StockReleasedV2,
  StockReserved,
  StockReservedV2
} from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { countIn, dataIf } from './fold.ts'

/**
 * A sale as its events tell it. Four topics tell of it and the log takes them as they come, so a step counts by what it says and
 * not by when it was recorded: a release comes after its reservation, a refund after its capture.
 */
export type SaleStory = Omit<SaleAt, 'at' | 'sale'> & { sale: Sale | undefined }
type Step = SaleAt['steps'][number]

export const untoldSale = (orderNumber: string): SaleStory => ({
  orderNumber,
  eventCount: 0,
  lastPosition: 0,
  sale: undefined,
  status: 'open',
  stock: 'waiting',
  payment: 'waiting',
  steps: []
})

const inTime = (left: Step, right: Step): number => left.time - right.time || left.position - right.position

export function foldSale(story: SaleStory, event: RecordedEvent): SaleStory {
  const { sale, reason } = event.data as { sale?: Sale; reason?: string }
  const step: Step = {
    name: event.type.split('.')[1] ?? event.type,
    time: event.time,
    position: event.position,
    eventId: event.eventId,
    source: event.source,
    ...(reason !== undefined && { reason }),
    ...(event.traceparent !== undefined && { traceparent: event.traceparent })
  }
  const told: SaleStory = {
    ...story,
    ...countIn(story, event),
    sale: story.sale ?? sale,
    steps: [...story.steps, step].toSorted(inTime)
  }
  return { ...told, ...stockAfter(story, event), ...paymentAfter(story, event), ...endAfter(event) }
}

function stockAfter({ stock }: SaleStory, event: RecordedEvent): Partial<SaleStory> {
  switch (event.type) {
    case StockReserved.type:
    case StockReservedV2.type:
      return { stock: stock === 'released' ? 'released' : 'reserved' }
    case StockRejected.type:
      return { stock: 'rejected' }
    case StockReleased.type:
    case StockReleasedV2.type:
      return { stock: 'released' }
    default:
      return {}
  }
}

function paymentAfter({ payment }: SaleStory, event: RecordedEvent): Partial<SaleStory> {
  const { paymentId } = event.data as { paymentId?: string }
  const named = paymentId === undefined ? {} : { paymentId }
  switch (event.type) {
    case PaymentCaptured.type:
      return { ...named, payment: payment === 'refunded' ? 'refunded' : 'captured' }
    case PaymentDeclined.type:
      return { ...named, payment: 'declined' }
    case PaymentRefunded.type:
      return { ...named, payment: 'refunded' }
    default:
      return named
  }
}

function endAfter(event: RecordedEvent): Partial<SaleStory> {
  const created = dataIf(OrderCreated, event)
  if (created) return { status: 'ordered', endedAt: created.createdAt }
  const failed = dataIf(BidFailed, event)
  if (failed) return { status: 'failed', reason: failed.reason, endedAt: failed.failedAt }
  return {}
}

/** Undefined where no event told what was sold. */
export const saleAt = ({ sale, ...story }: SaleStory, at: number): SaleAt | undefined => sale && { ...story, at, sale }
