import type { FailureReason } from '@gavel/contracts/errors.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'

export type StockStep = 'waiting' | 'reserved' | 'rejected' | 'released'
export type PaymentStep = 'waiting' | 'captured' | 'declined' | 'refunded'

/** How a sale ends. There is no third way, and nothing comes after. */
export type End = { outcome: 'ordered'; paymentId: string } | { outcome: 'failed'; reason: FailureReason }

/** What is known of one sale. */
export interface Progress {
  sale: Sale
  stock: StockStep
  payment: PaymentStep
  status: 'open' | 'ordered' | 'failed'
  startedAt: number
  deadlineAt: number
}

/** What happened to a sale, stripped of where the news came from. */
export type Fact =
  | { fact: 'sale-confirmed' }
  | { fact: 'stock-reserved' }
  | { fact: 'stock-rejected'; reason: Extract<FailureReason, 'SOLD_OUT' | 'STOCK_NOT_FOUND'> }
  | { fact: 'stock-released' }
  /** Inventory holds pieces for it and has waited long: how did it end? */
  | { fact: 'end-asked' }
  | { fact: 'payment-captured'; paymentId: string }
  | { fact: 'payment-declined'; reason: Extract<FailureReason, 'PAYMENT_DECLINED' | 'PAYMENT_METHOD_MISSING'> }
  | { fact: 'payment-refunded' }
  | { fact: 'deadline-passed' }

/** How long each step may take before the sale is failed and its effects are taken back. */
export interface Timeouts {
  stockMs: number
  paymentMs: number
}

export interface Decision {
  progress: Progress
  /** Present when this very fact ended the sale. */
  end?: End
  /** The sale ended before, and whoever asked has not heard of it: the same end is told once more. */
  tellAgain?: true
}

/** A sale at the moment this service first hears of it, from whichever topic. */
export const begin = (sale: Sale, now: number, timeouts: Timeouts): Progress => ({
  sale,
  stock: 'waiting',
  payment: 'waiting',
  status: 'open',
  startedAt: now,
  // Counted from here and not from the bid: a sale that waited in Kafka while this service was away has lost no time.
  deadlineAt: now + timeouts.stockMs
})

/**
 * The single decision point of how a sale ends. Facts come from four topics and may be late, repeated or out of order:
 * the first one that can end the sale does, and every later one only completes the picture. The end itself is made
 * unique a second time by the primary key of `outcomes`.
 */
export function decide(known: Progress, fact: Fact, now: number, timeouts: Timeouts): Decision {
  switch (fact.fact) {
    case 'sale-confirmed':
      return { progress: known }
    case 'end-asked':
      if (known.status !== 'open') return { progress: known, tellAgain: true }
      // Open still: its own deadline ends it, and with the time of an outage given back that may be later than inventory thought.
      // Heard of for the first time by this question: pieces are held for it, so its payment step begins.
      return decide(known, { fact: 'stock-reserved' }, now, timeouts)
    case 'stock-reserved': {
      if (known.stock !== 'waiting') return { progress: known }
      // The payment step starts now, with its own time. A deadline never moves back.
      const deadlineAt = Math.max(known.deadlineAt, now + timeouts.paymentMs)
      return { progress: { ...known, stock: 'reserved', deadlineAt } }
    }
    case 'stock-rejected':
      return ended(known.stock === 'waiting' ? { ...known, stock: 'rejected' } : known, {
        outcome: 'failed',
        reason: fact.reason
      })
    case 'stock-released':
      return { progress: known.stock === 'released' ? known : { ...known, stock: 'released' } }
    case 'payment-captured':
      return ended(known.payment === 'waiting' ? { ...known, payment: 'captured' } : known, {
        outcome: 'ordered',
        paymentId: fact.paymentId
      })
    case 'payment-declined':
      return ended(known.payment === 'waiting' ? { ...known, payment: 'declined' } : known, {
        outcome: 'failed',
        reason: fact.reason
      })
    case 'payment-refunded':
      return { progress: known.payment === 'refunded' ? known : { ...known, payment: 'refunded' } }
    case 'deadline-passed':
      // The deadline may have moved between the sweep's look and its lock.
      if (now < known.deadlineAt) return { progress: known }
      return ended(known, { outcome: 'failed', reason: 'TIMED_OUT' })
  }
}

function ended(progress: Progress, end: End): Decision {
  if (progress.status !== 'open') return { progress }
  return { progress: { ...progress, status: end.outcome }, end }
}
