import type { unwatchAuction } from '@gavel/contracts/api/bidder.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Watching } from '../watching.ts'

export const unwatchAuctionHandler =
  (watching: Watching): Handler<typeof unwatchAuction> =>
  async ({ params, user }) => {
    await watching.remove(user.userId, params.auctionId)
    return { status: 204, body: null }
  }
