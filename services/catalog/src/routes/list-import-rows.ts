import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { encodeCursor } from '../domain/cursor.ts'
import { listImportRows as list } from '../store/imports/read-imports.ts'
import { importNamed } from './import-named.ts'
import { positionIn } from './position-in.ts'

export const listImportRows =
  ({ pool }: Dependencies): Handler<typeof api.listImportRows> =>
  async ({ params: { importId }, query: { cursor, limit = 50, state } }) => {
    const filter = { importId, state }
    const after = positionIn(cursor, filter) ?? 0
    await importNamed(pool, importId)
    const rows = await list(pool, { importId, state, after, limit: limit + 1 })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return reply(200, rows.length > limit && last ? { items, nextCursor: encodeCursor(last.line, filter) } : { items })
  }
