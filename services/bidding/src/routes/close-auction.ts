import type { closeAuction } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

export const closeAuctionHandler =
  (house: House): Handler<typeof closeAuction> =>
  async ({ params }) => ({ status: 200, body: await house.close(params.auctionId) })
