import type { Bid, Outcome, Standing, Terms } from './auction.ts'

/** Decides one bid on `standing`, the caller's own copy. `taken` is what the bidder has already bought here. */
export function decideFixedPriceBid(terms: Terms, standing: Standing, bid: Bid, taken: number): Outcome {
  const code = refusalOf(terms, standing, bid, taken)
  if (code === null) {
    standing.quantityLeft -= bid.quantity
    standing.bidCount += 1
    standing.saleCount += 1
  }
  return {
    code,
    leading: code === null,
    priceMinor: terms.openingPriceMinor,
    endsAt: standing.endsAt,
    sale: code === null ? standing.saleCount : 0
  }
}

function refusalOf(terms: Terms, standing: Standing, bid: Bid, taken: number): Outcome['code'] {
  // A higher offer is taken at the price: nobody pays more than it.
  if (bid.amountMinor < terms.openingPriceMinor) return 'BID_TOO_LOW'
  if (terms.quantityPerBuyer !== null && taken + bid.quantity > terms.quantityPerBuyer) return 'QUANTITY_LIMIT'
  if (standing.quantityLeft === 0) return 'SOLD_OUT'
  if (bid.quantity > standing.quantityLeft) return 'QUANTITY_NOT_AVAILABLE'
  return null
}
