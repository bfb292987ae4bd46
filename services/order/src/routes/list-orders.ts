import type { listOrders } from '@gavel/contracts/api/order.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { fromCursor, toPage } from '../store/cursor.ts'
import { findOrders } from '../store/read-orders.ts'

export const createListOrders =
  (pool: Pool): Handler<typeof listOrders> =>
  async ({ query, user }) => {
    if (user.role !== 'admin' && query.userId !== undefined && query.userId !== user.userId)
      throw new Refusal('FORBIDDEN')
    const limit = query.limit ?? 50
    const found = await findOrders(pool, {
      userId: user.role === 'admin' ? query.userId : user.userId,
      auctionId: query.auctionId,
      after: fromCursor(query.cursor),
      limit
    })
    return {
      status: 200,
      body: toPage(found, limit, ({ createdAt, orderNumber }) => ({ time: createdAt, orderNumber }))
    }
  }
