import type { listEvents } from '@gavel/contracts/api/eventlog.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { fromCursor, toCursor } from '../store/cursor.ts'
import { findEvents } from '../store/read-events.ts'

/** `from` is where the listing begins, whichever way it goes; newest first and without it, that is the end of the log. */
export const createListEvents =
  (pool: Pool): Handler<typeof listEvents> =>
  async ({ query }) => {
    const { cursor, from, order = 'oldest-first', limit = 50, ...filter } = query
    const newestFirst = order === 'newest-first'
    const last = fromCursor(order, cursor)
    const range = newestFirst
      ? { from: 1, to: last === undefined ? (from ?? Number.MAX_SAFE_INTEGER) : last - 1 }
      : { from: last === undefined ? (from ?? 1) : last + 1, to: Number.MAX_SAFE_INTEGER }
    const found = await findEvents(pool, { ...filter, ...range, newestFirst, limit: limit + 1 })
    const items = found.slice(0, limit)
    const end = items.at(-1)
    return {
      status: 200,
      body: found.length > limit && end ? { items, nextCursor: toCursor(order, end.position) } : { items }
    }
  }
