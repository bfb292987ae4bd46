import { WINDOWS_LIMIT, windowWidthsMs, type readStatisticsSeries } from '@gavel/contracts/api/statistics.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { windowsIn } from '../domain/windows.ts'
import { atOneMoment, findWindows } from '../store/read-statistics.ts'
import { windowsOf } from './range.ts'

const WINDOWS_SHOWN = 60

export const createReadStatisticsSeries =
  (pool: Pool): Handler<typeof readStatisticsSeries> =>
  async ({ query, now }) => {
    const { figure, window, subject } = query
    const windowMs = windowWidthsMs[window]
    const asked = windowsOf(window, query, { spanMs: WINDOWS_SHOWN * windowMs, now, limit: WINDOWS_LIMIT })
    return await atOneMoment(pool, async (client, freshness) => {
      const { position, headPosition } = freshness
      const keptFrom = freshness.keptFrom[window]
      const from = Math.min(asked.to, Math.max(asked.from, keptFrom))
      const range = { window, from, to: asked.to }
      const found = await findWindows(client, { figure, subject: subject ?? '', ...range })
      const points = windowsIn(window, range).map((at) => ({ at, by: found.get(at) ?? {} }))
      return {
        status: 200,
        body: {
          figure,
          ...(subject !== undefined && { subject }),
          windowMs,
          ...range,
          position,
          headPosition,
          keptFrom,
          points
        }
      }
    })
  }
