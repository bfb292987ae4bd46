import type { Terms } from './auction.ts'
import { incrementPresets } from './increments.ts'

/** Valid by default; a test names only what it is about. */
export const someTerms = (changes: Partial<Terms> = {}): Terms => ({
  auctionId: 'auction-1',
  productId: 'product-1',
  title: 'A wristwatch',
  mode: 'english',
  currency: 'USD',
  openingPriceMinor: 1_00,
  reservePriceMinor: null,
  buyNowPriceMinor: null,
  increments: incrementPresets['ebay-2003'],
  quantity: 1,
  quantityPerBuyer: null,
  startsAt: 0,
  endsAt: 1_000_000,
  antiSnipingWindowMs: 0,
  secondChance: false,
  ...changes
})
