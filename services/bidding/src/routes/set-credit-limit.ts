import type { setCreditLimit } from '@gavel/contracts/api/bidder.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Credit } from '../credit.ts'

export const setCreditLimitHandler =
  (credit: Credit): Handler<typeof setCreditLimit> =>
  async ({ params, body }) => {
    const limit = { userId: params.userId, currency: params.currency, limitMinor: body.limitMinor }
    await credit.setLimit(limit)
    return { status: 200, body: limit }
  }
