import type { adjustStock } from '@gavel/contracts/api/inventory.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { adjustStock as adjust } from '../store/adjust-stock.ts'
import type { StockCache } from '../store/stock-cache.ts'

export const createAdjustStock =
  (pool: Pool, cache: StockCache): Handler<typeof adjustStock> =>
  async ({ params, body, user, now }) => {
    const { adjustmentId, delta, reason } = body
    const { productId } = params
    const adjustment = {
      adjustmentId,
      productId,
      location: body.location ?? 'main',
      delta,
      reason,
      adjustedBy: user.userId
    }
    const stock = await adjust(pool, adjustment, now)
    await cache.renew([productId])
    return { status: 200, body: stock }
  }
