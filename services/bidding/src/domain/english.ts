import type { Bid, Outcome, Standing, Terms } from './auction.ts'
import { stepAbove } from './increments.ts'

/**
 * Proxy bidding in closed form: whatever the order of the raises, the price is one step above the second-highest
 * maximum, never above the highest, and never below the reserve once the highest reaches it.
 */
export function proxyPrice(terms: Terms, maximumMinor: number, secondMinor: number): number {
  const contested =
    secondMinor === 0 ? terms.openingPriceMinor : Math.min(maximumMinor, stepAbove(terms.increments, secondMinor))
  return terms.reservePriceMinor === null
    ? contested
    : Math.max(contested, Math.min(maximumMinor, terms.reservePriceMinor))
}

/** The least a new bidder must bid; a buy-now price is enough whatever the step. */
export const priceToBeat = (terms: Terms, standing: Standing): number =>
  standing.leader === null ? terms.openingPriceMinor : stepOrBuyNow(terms, standing.priceMinor)

export const stepOrBuyNow = (terms: Terms, priceMinor: number): number =>
  Math.min(stepAbove(terms.increments, priceMinor), terms.buyNowPriceMinor ?? Infinity)

/** Decides one bid on `standing`, which is the caller's own copy and is moved on in place. */
export function decideEnglishBid(terms: Terms, standing: Standing, bid: Bid, now: number): Outcome {
  if (terms.buyNowPriceMinor !== null && bid.amountMinor >= terms.buyNowPriceMinor)
    return buyNow(standing, bid, terms.buyNowPriceMinor, now)
  const leads = standing.leader === bid.bidder
  if (leads && bid.amountMinor <= standing.maximumMinor) return refused(standing, 'BID_NOT_RAISED', true)
  if (!leads && bid.amountMinor < priceToBeat(terms, standing)) return refused(standing, 'BID_TOO_LOW', false)

  if (leads) {
    standing.maximumMinor = bid.amountMinor
  } else if (bid.amountMinor > standing.maximumMinor) {
    standing.secondMinor = standing.maximumMinor
    standing.maximumMinor = bid.amountMinor
    standing.leader = bid.bidder
  } else {
    // A tie goes to the earlier maximum. A lower bid never lowers the second: it may be another's older, higher one.
    standing.secondMinor = Math.max(standing.secondMinor, bid.amountMinor)
  }
  standing.priceMinor = proxyPrice(terms, standing.maximumMinor, standing.secondMinor)
  standing.bidCount += 1
  const leading = standing.leader === bid.bidder
  if (leading && terms.antiSnipingWindowMs > 0) {
    standing.endsAt = Math.max(standing.endsAt, now + terms.antiSnipingWindowMs)
  }
  return { code: null, leading, priceMinor: standing.priceMinor, endsAt: standing.endsAt, sale: 0 }
}

/** Nobody has reached the buy-now price before, so nobody has a better claim: the auction ends here. */
function buyNow(standing: Standing, bid: Bid, priceMinor: number, now: number): Outcome {
  if (standing.leader !== bid.bidder) standing.secondMinor = standing.maximumMinor
  standing.leader = bid.bidder
  standing.maximumMinor = bid.amountMinor
  standing.priceMinor = priceMinor
  standing.bidCount += 1
  standing.endsAt = now
  return { code: null, leading: true, priceMinor, endsAt: now, sale: 0 }
}

const refused = (standing: Standing, code: NonNullable<Outcome['code']>, leading: boolean): Outcome => ({
  code,
  leading,
  priceMinor: standing.priceMinor,
  endsAt: standing.endsAt,
  sale: 0
})
