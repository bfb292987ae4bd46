import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { change } from '../store/products.ts'
import { productView } from './product-view.ts'

export const changeProduct =
  ({ pool, cache, metrics }: Dependencies): Handler<typeof api.changeProduct> =>
  async ({ params: { productId }, body, user, now }) => {
    const product = await change(pool, productId, body, { changedBy: user.userId, now })
    await cache.put(product)
    metrics.changes.inc({ change: 'changed' })
    return reply(200, productView(product))
  }
