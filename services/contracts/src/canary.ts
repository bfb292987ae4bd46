import type { Sale } from './primitives.ts'

/**
 * The marks of a synthetic sale, made to prove that a bid still becomes an order. Its product and its auction have ids that start with
 * `canary-`, and so has its order number, which is derived from the auction's id; its currency is ISO 4217's code for tests, which no
 * amount of real money has. Whoever counts or sums sales leaves these out by any one of the marks.
 */
export const canaryPrefix = 'canary-'
export const canaryCurrency = 'XTS'

export const isCanary = (id: string): boolean => id.startsWith(canaryPrefix)

/** A sale that was made to prove that the platform works. */
export const isSynthetic = ({
  orderNumber,
  auctionId,
  productId,
  currency
}: Pick<Sale, 'orderNumber' | 'auctionId' | 'productId' | 'currency'>): boolean =>
  currency === canaryCurrency || [orderNumber, auctionId, productId].some(isCanary)
