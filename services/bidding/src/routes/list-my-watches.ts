import type { listMyWatches } from '@gavel/contracts/api/bidder.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Watching } from '../watching.ts'

export const listMyWatchesHandler =
  (watching: Watching): Handler<typeof listMyWatches> =>
  async ({ user }) => ({ status: 200, body: { items: await watching.mine(user.userId) } })
