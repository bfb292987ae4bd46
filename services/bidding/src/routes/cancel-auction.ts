import type { cancelAuction } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

export const cancelAuctionHandler =
  (house: House): Handler<typeof cancelAuction> =>
  async ({ params, body, user }) => ({
    status: 200,
    body: await house.cancel(params.auctionId, body.reason, user.userId)
  })
