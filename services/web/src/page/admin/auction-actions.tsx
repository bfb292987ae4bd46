import type { Auction } from '@gavel/contracts/api/bidding.ts'

/** Nothing more can be done to an auction yet. */
export function AuctionActions(_: { auction: Auction }) {
  return null
}
