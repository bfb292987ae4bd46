import { randomUUID } from 'node:crypto'
import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { newProduct } from '../domain/product.ts'
import { add } from '../store/products.ts'
import { productView } from './product-view.ts'

export const addProduct =
  ({ pool, cache, metrics }: Dependencies): Handler<typeof api.addProduct> =>
  async ({ body, user, now }) => {
    const wanted = newProduct(body.productId ?? randomUUID(), body, now)
    const product = await add(pool, wanted, { changedBy: user.userId, now })
    await cache.put(product)
    metrics.changes.inc({ change: 'added' })
    return reply(201, productView(product))
  }
