import { canaryCurrency, canaryPrefix } from '@gavel/contracts/canary.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'

export const isCanary = (id: string): boolean => id.startsWith(canaryPrefix)

/** A sale that was made to prove that the platform works. */
export const isSynthetic = ({ orderNumber, auctionId, productId, currency }: Sale): boolean =>
  currency === canaryCurrency || [orderNumber, auctionId, productId].some(isCanary)
