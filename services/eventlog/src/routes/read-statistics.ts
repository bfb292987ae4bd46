import type { readStatistics } from '@gavel/contracts/api/statistics.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { summarize } from '../domain/statistics-summary.ts'
import { wholeWindows, windowFor } from '../domain/windows.ts'
import { atOneMoment, sumFigures } from '../store/read-statistics.ts'
import { DAY_MS, rangeOf } from './range.ts'

export const createReadStatistics =
  (pool: Pool): Handler<typeof readStatistics> =>
  async ({ query, now }) => {
    const asked = rangeOf(query, { spanMs: DAY_MS, now })
    const window = query.window ?? windowFor(asked.to - asked.from)
    const { from, to } = wholeWindows(window, asked)
    return await atOneMoment(pool, async (client, { position, headPosition }) => {
      const sums = await sumFigures(client, { window, from, to })
      const summed = summarize(sums, Math.min(to, now) - from)
      return { status: 200, body: { window, from, to, position, headPosition, ...summed } }
    })
  }
