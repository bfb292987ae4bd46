import type { readProductAt } from '@gavel/contracts/api/eventlog.ts'
import { products, stock } from '@gavel/contracts/topics.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { foldProduct, productAt, untoldProduct } from '../domain/product-history.ts'
import { foldKey } from '../store/read-history.ts'

const topics = [products.name, stock.name]

export const createReadProductAt =
  (pool: Pool): Handler<typeof readProductAt> =>
  async ({ params, query, now }) => {
    const { productId } = params
    const at = query.at ?? now
    const story = await foldKey(pool, { key: productId, topics, at }, untoldProduct(productId), foldProduct)
    if (story.eventCount === 0) throw new Refusal('PRODUCT_NOT_FOUND')
    return { status: 200, body: productAt(story, at) }
  }
