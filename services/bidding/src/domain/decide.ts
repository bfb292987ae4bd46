import type { Bid, Closing, Decision, Outcome, Purchases, Standing, Terms } from './auction.ts'
import { reserveIsMet } from './auction.ts'
import { decideEnglishBid } from './english.ts'
import { decideFixedPriceBid } from './fixed-price.ts'

/**
 * Decides bids in their order. Pure: `standing` is left alone, so that a decision whose entry lost the race for its
 * sequence number is simply made again on the newer standing.
 */
export function decide(
  terms: Terms,
  standing: Standing,
  bids: readonly Bid[],
  now: number,
  purchases: Purchases
): Decision {
  const next = { ...standing }
  const outcomes: Outcome[] = []
  const outbid = new Set<string>()
  const taken = terms.quantityPerBuyer === null ? null : new Map<string, number>()
  const early = now < terms.startsAt
  const late = now >= standing.endsAt || standing.closed
  for (const bid of bids) {
    if (early || late) {
      outcomes.push(outsideWindow(next, bid, early))
    } else if (terms.mode === 'english') {
      const leaderBefore = next.leader
      outcomes.push(decideEnglishBid(terms, next, bid, now))
      if (leaderBefore !== null && next.leader !== leaderBefore) outbid.add(leaderBefore)
    } else {
      const before = taken === null ? 0 : (taken.get(bid.bidder) ?? purchases(bid.bidder))
      const outcome = decideFixedPriceBid(terms, next, bid, before)
      if (outcome.code === null) taken?.set(bid.bidder, before + bid.quantity)
      outcomes.push(outcome)
    }
  }
  if (next.leader !== null) outbid.delete(next.leader)
  return { outcomes, standing: next, outbid: [...outbid] }
}

const outsideWindow = (standing: Standing, bid: Bid, early: boolean): Outcome => ({
  code: early ? 'AUCTION_NOT_OPEN' : 'AUCTION_CLOSED',
  leading: standing.leader === bid.bidder,
  priceMinor: standing.priceMinor,
  endsAt: standing.endsAt,
  sale: 0
})

/** The end. A closed auction stays as it was closed: callers close only what is not closed. */
export function close(terms: Terms, standing: Standing, now: number): Closing {
  const next: Standing = { ...standing, closed: true, endsAt: Math.min(standing.endsAt, now) }
  if (terms.mode === 'fixed-price') {
    const outcome = standing.saleCount > 0 ? 'sold' : 'no-bids'
    return { outcome, winner: null, priceMinor: standing.priceMinor, sale: 0, standing: next }
  }
  const unsold = { winner: null, priceMinor: standing.priceMinor, sale: 0, standing: next }
  if (standing.leader === null) return { outcome: 'no-bids', ...unsold }
  if (!reserveIsMet(terms, standing)) return { outcome: 'reserve-not-met', ...unsold }
  next.saleCount = standing.saleCount + 1
  next.quantityLeft = 0
  return {
    outcome: 'sold',
    winner: standing.leader,
    priceMinor: standing.priceMinor,
    sale: next.saleCount,
    standing: next
  }
}
