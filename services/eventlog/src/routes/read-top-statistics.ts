import type { readTopStatistics } from '@gavel/contracts/api/statistics.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { wholeWindows, windowFor } from '../domain/windows.ts'
import { atOneMoment, findTop } from '../store/read-statistics.ts'
import { DAY_MS, rangeOf } from './range.ts'

export const createReadTopStatistics =
  (pool: Pool): Handler<typeof readTopStatistics> =>
  async ({ query, now }) => {
    const { by, limit = 10, currency = 'USD' } = query
    const asked = rangeOf(query, { spanMs: DAY_MS, now })
    const window = query.window ?? windowFor(asked.to - asked.from)
    const range = { window, ...wholeWindows(window, asked) }
    return await atOneMoment(pool, async (client, { position, headPosition }) => {
      const found = await findTop(client, { figure: by, ...(by === 'revenue' && { label: currency }), ...range, limit })
      const kind = by === 'bids' ? ('auction' as const) : ('product' as const)
      const items = found.map(({ subject, value }) => ({ kind, id: subject, value }))
      return { status: 200, body: { ...range, position, headPosition, items } }
    })
  }
