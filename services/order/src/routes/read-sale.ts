import type { readSale } from '@gavel/contracts/api/order.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { findSale } from '../store/read-sales.ts'

/** Another user's sale does not exist for the caller. */
export const createReadSale =
  (pool: Pool): Handler<typeof readSale> =>
  async ({ params, user }) => {
    const progress = await findSale(pool, params.orderNumber)
    if (!progress || (user.role !== 'admin' && progress.sale.userId !== user.userId))
      throw new Refusal('SALE_NOT_FOUND')
    return { status: 200, body: progress }
  }
