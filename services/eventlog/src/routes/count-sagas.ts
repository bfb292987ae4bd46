import type { countSagas as operation } from '@gavel/contracts/api/sagas.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { countSagas } from '../store/sagas.ts'

export const createCountSagas =
  (pool: Pool, stuckMs: number): Handler<typeof operation> =>
  async ({ now }) => ({ status: 200, body: await countSagas(pool, now - stuckMs) })
