import type { readMyCredit } from '@gavel/contracts/api/bidder.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Credit } from '../credit.ts'

export const readMyCreditHandler =
  (credit: Credit): Handler<typeof readMyCredit> =>
  async ({ user }) => ({ status: 200, body: { items: await credit.mine(user.userId) } })
