import type { watchAuction } from '@gavel/contracts/api/bidder.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Watching } from '../watching.ts'

export const watchAuctionHandler =
  (watching: Watching): Handler<typeof watchAuction> =>
  async ({ params, user }) => {
    await watching.add(user.userId, params.auctionId)
    return { status: 204, body: null }
  }
