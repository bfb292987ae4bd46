import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { encodeCursor } from '../domain/cursor.ts'
import { list } from '../store/products.ts'
import { positionIn } from './position-in.ts'
import { productView } from './product-view.ts'

export const listProducts =
  ({ pool }: Dependencies): Handler<typeof api.listProducts> =>
  async ({ query: { cursor, limit = 50, brand, category } }) => {
    const filter = { brand, category }
    const before = positionIn(cursor, filter)
    const { products, lastPosition } = await list(pool, { ...filter, before, limit })
    const items = products.map(productView)
    return reply(
      200,
      lastPosition === undefined ? { items } : { items, nextCursor: encodeCursor(lastPosition, filter) }
    )
  }
