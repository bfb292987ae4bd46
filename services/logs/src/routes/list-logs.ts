import type { listLogs as operation } from '@gavel/contracts/api/logs.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import { readyFilterOf } from '../domain/filter.ts'
import { logLineOf } from '../domain/line.ts'
import { cursorOf, placeOf } from '../store/cursor.ts'
import { findLines, type Lines } from '../store/lines.ts'

export const listLogsRoute =
  (lines: Lines): Handler<typeof operation> =>
  async ({ query: { service, cursor, from, to, limit = 50, ...rest } }) => {
    const found = await findLines(lines, {
      filter: readyFilterOf({ ...rest, ...(service === undefined ? {} : { services: [service] }) }),
      from,
      to,
      before: cursor === undefined ? undefined : placeOf(cursor),
      limit: limit + 1
    })
    const items = found.slice(0, limit)
    const last = items.at(-1)
    return {
      status: 200,
      body: { items: items.map(logLineOf), ...(found.length > limit && last ? { nextCursor: cursorOf(last) } : {}) }
    }
  }
