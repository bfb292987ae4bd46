import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { remove } from '../store/products.ts'

export const removeProduct =
  ({ pool, cache, metrics }: Dependencies): Handler<typeof api.removeProduct> =>
  async ({ params: { productId }, user, now }) => {
    const removed = await remove(pool, productId, { changedBy: user.userId, now })
    if (removed) {
      await cache.put(removed)
      metrics.changes.inc({ change: 'removed' })
    }
    return reply(204)
  }
