import type { listDeadLetters } from '@gavel/contracts/api/dead-letters.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { fromCursor, toCursor } from '../store/cursor.ts'
import { findDeadLetters } from '../store/read-dead-letters.ts'

export const createListDeadLetters =
  (pool: Pool): Handler<typeof listDeadLetters> =>
  async ({ query }) => {
    const { cursor, limit = 50, group, status } = query
    const before = fromCursor('newest-first', cursor)
    const found = await findDeadLetters(pool, { group, status, before, limit: limit + 1 })
    const shown = found.slice(0, limit)
    const items = shown.map(({ letter }) => letter)
    const end = shown.at(-1)
    return {
      status: 200,
      body: found.length > limit && end ? { items, nextCursor: toCursor('newest-first', end.number) } : { items }
    }
  }
