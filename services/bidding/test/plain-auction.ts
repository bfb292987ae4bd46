import type { Terms } from '../src/domain/auction.ts'

/**
 * The rules of every mode in the plainest way there is: it keeps what was accepted and works everything out again from the
 * whole list. It shares no line with the domain, and is what histories are compared with.
 */
export interface PlainBid {
  bidder: string
  amountMinor: number
  quantity: number
}

export interface PlainEnd {
  outcome: string
  winner: string | null
  priceMinor: number
}

export class PlainAuction {
  readonly terms: Terms
  readonly accepted: PlainBid[] = []
  endsAt: number
  end: PlainEnd | undefined
  #bought: PlainBid | undefined

  constructor(terms: Terms) {
    this.terms = terms
    this.endsAt = terms.endsAt
  }

  /** A refusal's code, or null. */
  bid(bid: PlainBid, at: number): string | null {
    if (at < this.terms.startsAt) return 'AUCTION_NOT_OPEN'
    if (this.end || at >= this.endsAt) return 'AUCTION_CLOSED'
    const code = this.#codeOf(bid)
    if (code !== null) return code
    this.accepted.push(bid)
    if (this.terms.mode !== 'english') return null
    if (this.#reachesBuyNow(bid)) {
      this.#bought = bid
      this.endsAt = at
    } else if (this.#ranked()[0]?.bidder === bid.bidder && this.terms.antiSnipingWindowMs > 0) {
      this.endsAt = Math.max(this.endsAt, at + this.terms.antiSnipingWindowMs)
    }
    return null
  }

  #codeOf(bid: PlainBid): string | null {
    const { terms, accepted } = this
    if (terms.mode === 'fixed-price') {
      const pieces = (bids: PlainBid[]): number => bids.reduce((sum, one) => sum + one.quantity, 0)
      const left = terms.quantity - pieces(accepted)
      const own = pieces(accepted.filter((one) => one.bidder === bid.bidder))
      if (bid.amountMinor < terms.openingPriceMinor) return 'BID_TOO_LOW'
      if (terms.quantityPerBuyer !== null && own + bid.quantity > terms.quantityPerBuyer) return 'QUANTITY_LIMIT'
      if (left === 0) return 'SOLD_OUT'
      return bid.quantity > left ? 'QUANTITY_NOT_AVAILABLE' : null
    }
    if (terms.mode !== 'english') return bid.amountMinor < terms.openingPriceMinor ? 'BID_TOO_LOW' : null
    if (this.#reachesBuyNow(bid)) return null
    const [first] = this.#ranked()
    if (first?.bidder === bid.bidder) return bid.amountMinor > first.amountMinor ? null : 'BID_NOT_RAISED'
    const price = this.priceMinor
    const least = first
      ? Math.min(price + this.#stepAt(price), terms.buyNowPriceMinor ?? Infinity)
      : terms.openingPriceMinor
    return bid.amountMinor < least ? 'BID_TOO_LOW' : null
  }

  #reachesBuyNow = ({ amountMinor }: PlainBid): boolean =>
    this.terms.buyNowPriceMinor !== null && amountMinor >= this.terms.buyNowPriceMinor

  #stepAt = (amountMinor: number): number =>
    this.terms.increments.filter((row) => row.fromMinor <= amountMinor).at(-1)?.incrementMinor ?? 0

  /** The bids that count, the best first. English: each bidder's highest; sealed: each one's last, at its own place. */
  #ranked(): PlainBid[] {
    const { accepted } = this
    const counting = accepted.filter((bid, index) => {
      const own = accepted.map((one, at) => ({ one, at })).filter(({ one }) => one.bidder === bid.bidder)
      if (this.terms.mode === 'english')
        return own.every(({ one, at }) => one.amountMinor < bid.amountMinor || at >= index)
      // Of the same amount sent again and again at the end, the first keeps the place.
      const lastOther = own.findLastIndex(({ one }) => one.amountMinor !== own.at(-1)?.one.amountMinor)
      return own[lastOther + 1]?.at === index
    })
    const best = counting.toSorted((left, right) => right.amountMinor - left.amountMinor)
    return best.filter((bid, index) => best.findIndex((one) => one.bidder === bid.bidder) === index)
  }

  get priceMinor(): number {
    const { terms } = this
    if (terms.mode === 'fixed-price') return terms.openingPriceMinor
    if (this.#bought) return terms.buyNowPriceMinor ?? 0
    const [first, second] = this.#ranked()
    if (!first) return 0
    if (terms.mode === 'sealed-first-price') return first.amountMinor
    const step = terms.mode === 'english' && second ? this.#stepAt(second.amountMinor) : 0
    const contested = Math.min(first.amountMinor, second ? second.amountMinor + step : terms.openingPriceMinor)
    const reserve = Math.min(first.amountMinor, terms.reservePriceMinor ?? 0)
    return Math.max(
      contested,
      reserve,
      terms.mode === 'english' ? 0 : Math.min(first.amountMinor, terms.openingPriceMinor)
    )
  }

  extend(endsAt: number): void {
    this.endsAt = endsAt
  }

  cancel(): void {
    this.end = { outcome: 'cancelled', winner: null, priceMinor: this.#shownPrice() }
  }

  close(): void {
    if (this.terms.mode === 'fixed-price') {
      const outcome = this.accepted.length > 0 ? 'sold' : 'no-bids'
      this.end = { outcome, winner: null, priceMinor: this.terms.openingPriceMinor }
      return
    }
    const first = this.#bought ?? this.#ranked()[0]
    const isMet = first !== undefined && first.amountMinor >= (this.terms.reservePriceMinor ?? 0)
    const outcome = !first ? 'no-bids' : isMet ? 'sold' : 'reserve-not-met'
    this.end = { outcome, winner: isMet && first ? first.bidder : null, priceMinor: this.priceMinor }
  }

  /** Sealed bids show no price before they are laid open. */
  #shownPrice = (): number => (this.terms.mode.startsWith('sealed') ? 0 : this.priceMinor)
}
