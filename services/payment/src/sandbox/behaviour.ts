/**
 * What the sandbox does with a card, by its number. The README holds the same table for people.
 * `capture` runs for the n-th request of one idempotency key, counted from 1.
 */
export type Behaviour =
  | { capture: 'approve' }
  | { capture: 'decline'; code: string }
  /** Charges, then loses the answer of the first request. */
  | { capture: 'lose-answer' }
  /** Charges nothing and fails for the first `times` requests of a key. */
  | { capture: 'fail'; times: number }
  /** Cuts the connection of the first request before anything is charged. */
  | { capture: 'reset' }
  /** Approves after a wait. */
  | { capture: 'slow'; waitMs: number }
  /** Charges; the first `times` requests for the refund fail. */
  | { capture: 'approve'; refundFailures: number }
  /** Is never accepted as a payment method. */
  | { capture: 'refuse-card'; code: string }

export const behaviours = {
  '4242424242424242': { capture: 'approve' },
  '5555555555554444': { capture: 'approve' },
  '378282246310005': { capture: 'approve' },
  '4000000000000002': { capture: 'decline', code: 'card_declined' },
  '4000000000009995': { capture: 'decline', code: 'insufficient_funds' },
  '4000000000009987': { capture: 'decline', code: 'lost_card' },
  '4000000000000069': { capture: 'decline', code: 'expired_card' },
  '4000000000000119': { capture: 'lose-answer' },
  '4000000000000341': { capture: 'fail', times: 2 },
  '4000000000000259': { capture: 'reset' },
  '4000000000000077': { capture: 'slow', waitMs: 2_000 },
  '4000000000005126': { capture: 'approve', refundFailures: 2 },
  '4000000000000101': { capture: 'refuse-card', code: 'incorrect_code' }
} as const satisfies Record<string, Behaviour>

/** Any other number that passes the check digit approves. */
export const behaviourOf = (number: string): Behaviour =>
  (behaviours as Record<string, Behaviour>)[number] ?? { capture: 'approve' }

export function brandOf(number: string): string {
  if (number.startsWith('4')) return 'visa'
  if (/^(5[1-5]|2[2-7])/.test(number)) return 'mastercard'
  if (/^3[47]/.test(number)) return 'amex'
  return 'card'
}
