import type { Sale } from '@gavel/contracts/primitives.ts'

/**
 * The payment of one sale. What the provider may have done decides the status, never what we hope:
 *
 *   due ──claim──► capturing ──answer──► captured ──BidFailed──► refund-due ──answer──► refunded
 *    │                 │    └──answer──► declined
 *    │                 └─BidFailed─► cancelling ──answer──► cancelled | refund-due
 *    └─BidFailed─► cancelled
 *
 * `capturing` and `cancelling` mean: asked, and the outcome is not known. Nothing leaves them but an answer of the provider.
 */
export type Payment = { paymentId: string; sale: Sale } & PaymentStatus

export type PaymentStatus =
  /** Stock is reserved; the provider has not been asked for anything. */
  | { status: 'due' }
  /** The token is kept, because asking again with the same key must ask for the same thing. */
  | { status: 'capturing'; token: string }
  | { status: 'captured'; chargeId: string; capturedAt: number }
  | { status: 'declined'; reason: DeclineReason; providerCode?: string }
  /** The sale failed while the outcome of its capture was unknown. */
  | { status: 'cancelling' }
  | { status: 'cancelled' }
  | { status: 'refund-due'; chargeId: string }
  | { status: 'refunded'; chargeId: string }

export type DeclineReason = 'PAYMENT_DECLINED' | 'PAYMENT_METHOD_MISSING'

/** What the world is told. The shell turns these into events and keeps them in the outbox of the same transaction. */
export type PaymentEvent =
  | { name: 'PaymentCaptured'; at: number }
  | { name: 'PaymentDeclined'; reason: DeclineReason; providerCode?: string; at: number }
  | { name: 'PaymentRefunded'; at: number }

/** What the provider said for certain about the charge of an order number. */
export type ChargeAnswer =
  | { outcome: 'captured'; chargeId: string }
  | { outcome: 'declined'; providerCode: string }
  /** The key is closed: no capture under it can happen any more. */
  | { outcome: 'cancelled' }
  | { outcome: 'refunded'; chargeId: string }

/** What the worker asks of the provider next. */
export type Step =
  | { ask: 'capture'; token: string }
  /** An earlier capture has an unknown outcome: look before asking again, for a provider forgets keys sooner than charges. */
  | { ask: 'look-up-then-capture'; token: string }
  /** Find out what became of the capture, and let none happen later. */
  | { ask: 'cancel' }
  | { ask: 'refund'; chargeId: string }

export interface Decision {
  next: Payment
  events: PaymentEvent[]
}

const unchanged = (payment: Payment): Decision => ({ next: payment, events: [] })

/** Stock is held for the sale, so its price is due, unless the sale has failed already or this was heard before. */
export function onStockReserved(payment: Payment | undefined, sale: Sale, paymentId: string): Decision {
  return unchanged(payment ?? { paymentId, sale, status: 'due' })
}

/** The sale failed: what was not taken must never be, and what was taken goes back. */
export function onBidFailed(payment: Payment | undefined, sale: Sale, paymentId: string): Decision {
  if (!payment) return unchanged({ paymentId, sale, status: 'cancelled' })
  const base = { paymentId: payment.paymentId, sale: payment.sale }
  switch (payment.status) {
    case 'due':
      return unchanged({ ...base, status: 'cancelled' })
    case 'capturing':
      return unchanged({ ...base, status: 'cancelling' })
    case 'captured':
      return unchanged({ ...base, status: 'refund-due', chargeId: payment.chargeId })
    case 'declined':
    case 'cancelling':
    case 'cancelled':
    case 'refund-due':
    case 'refunded':
      return unchanged(payment)
  }
}

/** A worker takes a due payment up. The new status is stored before the provider hears of it. */
export function onClaimed(payment: Payment, token: string | undefined, now: number): Decision {
  if (payment.status !== 'due') return unchanged(payment)
  const base = { paymentId: payment.paymentId, sale: payment.sale }
  if (token !== undefined) return unchanged({ ...base, status: 'capturing', token })
  const reason = 'PAYMENT_METHOD_MISSING'
  return { next: { ...base, status: 'declined', reason }, events: [{ name: 'PaymentDeclined', reason, at: now }] }
}

/**
 * What to ask the provider for. `attempt` counts from 1; `overdue` says that the time for capturing is over:
 * then the charge is closed instead, so that the sale ends with a certain answer.
 */
export function nextStep(payment: Payment, attempt: number, overdue: boolean): Step | undefined {
  switch (payment.status) {
    case 'capturing':
      if (attempt === 1) return { ask: 'capture', token: payment.token }
      return overdue ? { ask: 'cancel' } : { ask: 'look-up-then-capture', token: payment.token }
    case 'cancelling':
      return { ask: 'cancel' }
    case 'refund-due':
      return { ask: 'refund', chargeId: payment.chargeId }
    case 'due':
    case 'captured':
    case 'declined':
    case 'cancelled':
    case 'refunded':
      return undefined
  }
}

/** The provider has answered for certain. Answers may come late, twice, or from a worker that was given up. */
export function onAnswer(payment: Payment, answer: ChargeAnswer, now: number): Decision {
  switch (answer.outcome) {
    case 'captured':
      return onCaptured(payment, answer.chargeId, now)
    case 'declined':
      return onNotTaken(payment, answer.providerCode, now)
    case 'cancelled':
      return onNotTaken(payment, 'provider_unreachable', now)
    case 'refunded':
      return onRefunded(payment, answer.chargeId, now)
  }
}

function onCaptured(payment: Payment, chargeId: string, now: number): Decision {
  const base = { paymentId: payment.paymentId, sale: payment.sale }
  const captured: PaymentEvent = { name: 'PaymentCaptured', at: now }
  switch (payment.status) {
    case 'due':
    case 'capturing':
      return { next: { ...base, status: 'captured', chargeId, capturedAt: now }, events: [captured] }
    case 'cancelling':
    case 'cancelled':
    case 'declined':
      // The money was taken although the sale is over: say so, and give it back.
      return { next: { ...base, status: 'refund-due', chargeId }, events: [captured] }
    case 'captured':
    case 'refund-due':
    case 'refunded':
      return unchanged(payment)
  }
}

function onNotTaken(payment: Payment, providerCode: string, now: number): Decision {
  const base = { paymentId: payment.paymentId, sale: payment.sale }
  const reason = 'PAYMENT_DECLINED'
  switch (payment.status) {
    case 'due':
    case 'capturing':
      return {
        next: { ...base, status: 'declined', reason, providerCode },
        events: [{ name: 'PaymentDeclined', reason, providerCode, at: now }]
      }
    case 'cancelling':
      return unchanged({ ...base, status: 'cancelled' })
    case 'captured':
    case 'declined':
    case 'cancelled':
    case 'refund-due':
    case 'refunded':
      return unchanged(payment)
  }
}

function onRefunded(payment: Payment, chargeId: string, now: number): Decision {
  const base = { paymentId: payment.paymentId, sale: payment.sale }
  const refunded: Payment = { ...base, status: 'refunded', chargeId }
  switch (payment.status) {
    case 'captured':
    case 'refund-due':
      return { next: refunded, events: [{ name: 'PaymentRefunded', at: now }] }
    case 'due':
    case 'capturing':
    case 'cancelling':
    case 'cancelled':
    case 'declined':
      return {
        next: refunded,
        events: [
          { name: 'PaymentCaptured', at: now },
          { name: 'PaymentRefunded', at: now }
        ]
      }
    case 'refunded':
      return unchanged(payment)
  }
}

/** Exponential with full jitter: after an outage, thousands of waiting payments do not return in one moment. */
export function backOffMs(
  attempt: number,
  random: number,
  { initialMs, maximumMs }: { initialMs: number; maximumMs: number }
): number {
  const ceiling = Math.min(maximumMs, initialMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(ceiling / 2 + (random * ceiling) / 2)
}
