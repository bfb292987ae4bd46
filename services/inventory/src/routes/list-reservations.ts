import type { listReservations } from '@gavel/contracts/api/inventory.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { listReservations as list } from '../store/read-reservations.ts'

export const createListReservations =
  (pool: Pool): Handler<typeof listReservations> =>
  async ({ query }) => ({ status: 200, body: await list(pool, { ...query, limit: query.limit ?? 50 }) })
