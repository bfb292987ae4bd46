import type { listAudit } from '@gavel/contracts/api/audit.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { fromCursor, toCursor } from '../store/cursor.ts'
import { findActs } from '../store/read-audit.ts'

export const createListAudit =
  (pool: Pool): Handler<typeof listAudit> =>
  async ({ query }) => {
    const { cursor, limit = 50, after: endedAfter, before: endedBefore, ...filter } = query
    const before = fromCursor('newest-first', cursor)
    const found = await findActs(pool, { ...filter, endedAfter, endedBefore, before, limit: limit + 1 })
    const items = found.slice(0, limit)
    const end = items.at(-1)
    return {
      status: 200,
      body: found.length > limit && end ? { items, nextCursor: toCursor('newest-first', end.position) } : { items }
    }
  }
