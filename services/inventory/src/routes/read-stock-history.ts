import type { readStockHistory } from '@gavel/contracts/api/inventory.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { readHistory } from '../store/read-history.ts'

export const createReadStockHistory =
  (pool: Pool): Handler<typeof readStockHistory> =>
  async ({ params, query }) => ({
    status: 200,
    body: await readHistory(pool, params.productId, { ...query, limit: query.limit ?? 50 })
  })
