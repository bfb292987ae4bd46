import type { readOrder } from '@gavel/contracts/api/order.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { findOrder } from '../store/read-orders.ts'

/** Another user's order does not exist for the caller: a 403 would tell that the number is taken. */
export const createReadOrder =
  (pool: Pool): Handler<typeof readOrder> =>
  async ({ params, user }) => {
    const order = await findOrder(pool, params.orderNumber)
    if (!order || (user.role !== 'admin' && order.userId !== user.userId)) throw new Refusal('ORDER_NOT_FOUND')
    return { status: 200, body: order }
  }
