import type { readBid } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

/** Only one's own: another's bid id is not found. */
export const readBidHandler =
  (house: House): Handler<typeof readBid> =>
  async ({ params, user }) => ({ status: 200, body: await house.receipt(params.auctionId, user.userId, params.bidId) })
