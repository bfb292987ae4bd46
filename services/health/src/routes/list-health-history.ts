import type { listHealthHistory as operation } from '@gavel/contracts/api/health.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { History } from '../store/history.ts'

export const listHealthHistory =
  (history: History): Handler<typeof operation> =>
  async ({ query: { name, limit = 50 } }) => ({
    status: 200,
    body: { items: await history.newest(name, limit) }
  })
