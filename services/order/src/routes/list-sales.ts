import type { listSales } from '@gavel/contracts/api/order.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { fromCursor, toPage } from '../store/cursor.ts'
import { findSales } from '../store/read-sales.ts'

export const createListSales =
  (pool: Pool): Handler<typeof listSales> =>
  async ({ query }) => {
    const limit = query.limit ?? 50
    const found = await findSales(pool, {
      status: query.status,
      auctionId: query.auctionId,
      productId: query.productId,
      after: fromCursor(query.cursor),
      limit
    })
    return {
      status: 200,
      body: toPage(found, limit, ({ startedAt, sale }) => ({ time: startedAt, orderNumber: sale.orderNumber }))
    }
  }
