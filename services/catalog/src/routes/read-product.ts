import type * as api from '@gavel/contracts/api/catalog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { productView } from './product-view.ts'

export const readProduct =
  ({ cache }: Dependencies): Handler<typeof api.readProduct> =>
  async ({ params: { productId } }) => {
    const product = await cache.read(productId)
    if (!product) throw new Refusal('PRODUCT_NOT_FOUND', { productId })
    if (product.removedAt !== undefined) throw new Refusal('PRODUCT_REMOVED', { productId })
    return reply(200, productView(product))
  }
