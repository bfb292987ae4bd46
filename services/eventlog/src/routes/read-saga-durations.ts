import { WINDOWS_LIMIT, windowWidthsMs, type readSagaDurations } from '@gavel/contracts/api/statistics.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { sagaDurationsOf } from '../domain/statistics-summary.ts'
import { windowsIn } from '../domain/windows.ts'
import { atOneMoment, findWindows } from '../store/read-statistics.ts'
import { windowsOf } from './range.ts'

const WINDOWS_SHOWN = 60

export const createReadSagaDurations =
  (pool: Pool): Handler<typeof readSagaDurations> =>
  async ({ query, now }) => {
    const { window, outcome = 'ordered' } = query
    const windowMs = windowWidthsMs[window]
    const asked = windowsOf(window, query, { spanMs: WINDOWS_SHOWN * windowMs, now, limit: WINDOWS_LIMIT })
    return await atOneMoment(pool, async (client, { position, headPosition, keptFrom }) => {
      const range = { window, from: Math.min(asked.to, Math.max(asked.from, keptFrom[window])), to: asked.to }
      const found = await findWindows(client, { figure: 'saga-durations', subject: '', ...range })
      const points = windowsIn(window, range).map((at) => ({ at, ...sagaDurationsOf(found.get(at) ?? {})[outcome] }))
      return { status: 200, body: { windowMs, ...range, position, headPosition, outcome, points } }
    })
  }
