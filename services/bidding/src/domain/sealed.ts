import type { Bid, Outcome, Standing, Terms } from './auction.ts'

/** A sealed bid is taken or not by itself: nothing of what is decided before the close depends on another's amount. */
export function decideSealedBid(terms: Terms, standing: Standing, bid: Bid): Outcome {
  const code = bid.amountMinor < terms.openingPriceMinor ? 'BID_TOO_LOW' : null
  if (code === null) standing.bidCount += 1
  return { code, leading: false, priceMinor: standing.priceMinor, endsAt: standing.endsAt, sale: 0 }
}

export interface Award {
  leader: string
  /** What the leader pays. */
  priceMinor: number
  maximumMinor: number
  secondMinor: number
}

const nobody: ReadonlySet<string> = new Set()

/**
 * The accepted sealed bids of an auction, laid open, added in the order of the ledger. A bidder's last one counts, with its
 * own place in that order; the same amount again keeps the earlier place.
 */
export class SealedBids {
  readonly #amounts = new Map<string, number>()

  add(bidder: string, amountMinor: number): void {
    if (this.#amounts.get(bidder) === amountMinor) return
    this.#amounts.delete(bidder)
    this.#amounts.set(bidder, amountMinor)
  }

  /** The highest bid, of equal ones the earliest, as if those of `without` had not bid; null where nobody has. */
  award(terms: Terms, without: ReadonlySet<string> = nobody): Award | null {
    let leader: string | null = null
    let maximumMinor = 0
    let secondMinor = 0
    for (const [bidder, amountMinor] of this.#amounts) {
      if (without.has(bidder)) continue
      if (amountMinor > maximumMinor) {
        secondMinor = maximumMinor
        maximumMinor = amountMinor
        leader = bidder
      } else {
        secondMinor = Math.max(secondMinor, amountMinor)
      }
    }
    return leader === null
      ? null
      : { leader, priceMinor: priceOf(terms, maximumMinor, secondMinor), maximumMinor, secondMinor }
  }
}

/** Vickrey: the second-highest amount, never less than the opening price and the reserve; the reserve counts as a bid. */
function priceOf(terms: Terms, maximumMinor: number, secondMinor: number): number {
  if (terms.mode === 'sealed-first-price') return maximumMinor
  return Math.min(maximumMinor, Math.max(secondMinor, terms.openingPriceMinor, terms.reservePriceMinor ?? 0))
}
