import type { setStock } from '@gavel/contracts/api/inventory.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { setStock as set } from '../store/set-stock.ts'
import type { StockCache } from '../store/stock-cache.ts'

export const createSetStock =
  (pool: Pool, cache: StockCache): Handler<typeof setStock> =>
  async ({ params, body, now }) => {
    const { productId } = params
    const stock = await set(pool, { productId, location: body.location ?? 'main', available: body.available }, now)
    // Waited for, so that the admin's next look shows what was just set.
    await cache.renew([productId])
    return { status: 200, body: stock }
  }
