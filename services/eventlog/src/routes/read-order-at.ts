import type { readOrderAt } from '@gavel/contracts/api/eventlog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { foldSale, saleAt, untoldSale } from '../domain/sale-history.ts'
import { foldOrder } from '../store/read-history.ts'

export const createReadOrderAt =
  (pool: Pool): Handler<typeof readOrderAt> =>
  async ({ params, query, now }) => {
    const { orderNumber } = params
    const at = query.at ?? now
    const sale = saleAt(await foldOrder(pool, { orderNumber, at }, untoldSale(orderNumber), foldSale), at)
    if (!sale) throw new Refusal('SALE_NOT_FOUND')
    return { status: 200, body: sale }
  }
