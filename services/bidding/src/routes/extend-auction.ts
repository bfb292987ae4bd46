import type { extendAuction } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

export const extendAuctionHandler =
  (house: House): Handler<typeof extendAuction> =>
  async ({ params, body, user }) => ({
    status: 200,
    body: await house.extend(params.auctionId, body.endsAt, user.userId)
  })
