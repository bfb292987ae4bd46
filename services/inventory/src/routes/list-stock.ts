import type { listStock } from '@gavel/contracts/api/inventory.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { listProductStock } from '../store/stock-rows.ts'

/** Read from the database and not from the cache: who reconciles must not compare with something older than the truth. */
export const createListStock =
  (pool: Pool): Handler<typeof listStock> =>
  async ({ query }) => ({ status: 200, body: await listProductStock(pool, { ...query, limit: query.limit ?? 50 }) })
