import type { Bid, Closing, Decision, Outcome, Purchases, Standing, Terms } from './auction.ts'
import { isSealed, reserveIsMet } from './auction.ts'
import { decideEnglishBid } from './english.ts'
import { decideFixedPriceBid } from './fixed-price.ts'
import { decideSealedBid, type SealedBids } from './sealed.ts'
import type { ErrorCode } from '@gavel/contracts/errors.ts'

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
  for (const bid of bids) {
    // Asked for each bid: a buy-now ends the auction for those behind it.
    if (early || now >= next.endsAt || next.closed) {
      outcomes.push(outsideWindow(next, bid, early))
    } else if (terms.mode === 'english') {
      const leaderBefore = next.leader
      outcomes.push(decideEnglishBid(terms, next, bid, now))
      if (leaderBefore !== null && next.leader !== leaderBefore) outbid.add(leaderBefore)
    } else if (isSealed(terms.mode)) {
      outcomes.push(decideSealedBid(terms, next, bid))
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

/**
 * The end. A closed auction stays as it was closed: callers close only what is not closed. `sealed` are the sealed bids,
 * laid open: they count only now.
 */
export function close(terms: Terms, standing: Standing, now: number, sealed?: SealedBids): Closing {
  const award = isSealed(terms.mode) ? sealed?.award(terms) : undefined
  if (award) {
    const { leader, priceMinor, maximumMinor, secondMinor } = award
    return closeLot(terms, { ...standing, leader, priceMinor, maximumMinor, secondMinor }, now)
  }
  return closeLot(terms, standing, now)
}

function closeLot(terms: Terms, standing: Standing, now: number): Closing {
  const next = ended(standing, now)
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

const ended = (standing: Standing, now: number): Standing => ({
  ...standing,
  closed: true,
  endsAt: Math.min(standing.endsAt, now)
})

/** An end without a sale. What a fixed-price sale has sold before stays sold. */
export const cancel = (standing: Standing, now: number): Closing => ({
  outcome: 'cancelled',
  winner: null,
  priceMinor: standing.priceMinor,
  sale: 0,
  standing: { ...ended(standing, now), leader: null, maximumMinor: 0, secondMinor: 0 }
})

/** A later end, or why not. Once the end has come, bids may have been refused because of it: it stays. */
export function extend(standing: Standing, endsAt: number, now: number): Standing | ErrorCode {
  if (standing.closed || now >= standing.endsAt) return 'AUCTION_CLOSED'
  return endsAt > standing.endsAt ? { ...standing, endsAt } : 'AUCTION_END_NOT_LATER'
}
