import type { readAuction } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

export const readAuctionHandler =
  (house: House): Handler<typeof readAuction> =>
  async ({ params }) => ({ status: 200, body: await house.read(params.auctionId) })
