import type { countSales } from '@gavel/contracts/api/order.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { countSales as count } from '../store/read-sales.ts'

export const createCountSales =
  (pool: Pool): Handler<typeof countSales> =>
  async ({ query }) => ({ status: 200, body: await count(pool, query.productId) })
