import type { Card } from '../domain/card.ts'
import type { ChargeAnswer } from '../domain/payment.ts'

/**
 * What payment needs of a provider of card payments. Two kinds of answer exist: a certain one is returned, and anything that
 * leaves the outcome unknown (time-out, reset, 5xx) is thrown as a Fault, after which the same key may be asked again.
 *
 * `key` is the order number for a capture and `refund.<order number>` for a refund. A provider does a key's work at most once.
 */
export interface PaymentProvider {
  /** Gives the card to the provider. The number goes no further than this call. */
  storeCard(card: Card): Promise<StoredCard | CardRefused>
  capture(request: { key: string; token: string; amountMinor: number; currency: string }): Promise<ChargeAnswer>
  /** Gives all of a charge back. */
  refund(request: { key: string; chargeId: string }): Promise<ChargeAnswer>
  /** What became of the capture with this key; undefined where the provider has never heard of it. */
  lookUp(key: string): Promise<ChargeAnswer | undefined>
  /** Closes a key: a capture that is still on its way will be refused. Answers what the key's charge is now. */
  cancel(key: string): Promise<ChargeAnswer>
  /** Throws where the provider cannot be reached. */
  check(): Promise<void>
  close(): Promise<void>
}

export interface StoredCard {
  outcome: 'stored'
  token: string
  brand: string
  lastFour: string
}
export interface CardRefused {
  outcome: 'refused'
  providerCode: string
}
