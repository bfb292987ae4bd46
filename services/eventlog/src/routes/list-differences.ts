import type { listDifferences } from '@gavel/contracts/api/reconciliation.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { fromCursor, toCursor } from '../store/cursor.ts'
import { findDifferences } from '../store/differences.ts'

export const createListDifferences =
  (pool: Pool): Handler<typeof listDifferences> =>
  async ({ query }) => {
    const { cursor, limit = 50, statement, open = true } = query
    const before = fromCursor('newest-first', cursor)
    const found = await findDifferences(pool, { statement, open, before, limit: limit + 1 })
    const shown = found.slice(0, limit)
    const items = shown.map(({ difference }) => difference)
    const end = shown.at(-1)
    return {
      status: 200,
      body: found.length > limit && end ? { items, nextCursor: toCursor('newest-first', end.number) } : { items }
    }
  }
