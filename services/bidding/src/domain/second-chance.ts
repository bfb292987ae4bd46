import type { FailureReason } from '@gavel/contracts/errors.ts'
import { isOneLot, type Terms } from './auction.ts'

export interface Contender {
  userId: string
  amountMinor: number
}

/** Sales that failed because of the buyer; one that failed for want of stock would fail for the next buyer too. */
const buyersFault: ReadonlySet<FailureReason> = new Set(['PAYMENT_DECLINED', 'PAYMENT_METHOD_MISSING'])

/** The number of the sale that an offer would bring about, or null where none is to be made. */
export function offerAfter(terms: Terms, failedSale: number, reason: FailureReason, offersMax: number): number | null {
  if (!isOneLot(terms.mode) || !terms.secondChance || !buyersFault.has(reason)) return null
  return failedSale <= offersMax ? failedSale + 1 : null
}

/** Remembers the highest accepted bid of each bidder; of equal ones the earlier counts. */
export class Contenders {
  readonly #highest = new Map<string, number>()

  add(userId: string, amountMinor: number): void {
    const before = this.#highest.get(userId)
    if (before !== undefined && before >= amountMinor) return
    // Deleted first, so that the map's order is the order in which the highest bids were reached.
    this.#highest.delete(userId)
    this.#highest.set(userId, amountMinor)
  }

  /** The next-best bidder who was not asked before; nobody below the reserve. */
  best(tried: ReadonlySet<string>, reservePriceMinor: number | null): Contender | null {
    let best: Contender | null = null
    for (const [userId, amountMinor] of this.#highest) {
      if (tried.has(userId) || amountMinor < (reservePriceMinor ?? 0)) continue
      if (best === null || amountMinor > best.amountMinor) best = { userId, amountMinor }
    }
    return best
  }
}
