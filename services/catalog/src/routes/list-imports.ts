import type * as api from '@gavel/contracts/api/catalog.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { encodeCursor } from '../domain/cursor.ts'
import { listImports as list } from '../store/imports/read-imports.ts'
import { positionIn } from './position-in.ts'

const filter = { of: 'imports' }

export const listImports =
  ({ pool }: Dependencies): Handler<typeof api.listImports> =>
  async ({ query: { cursor, limit = 50 } }) => {
    const { imports, lastPosition } = await list(pool, { before: positionIn(cursor, filter), limit })
    return reply(
      200,
      lastPosition === undefined
        ? { items: imports }
        : { items: imports, nextCursor: encodeCursor(lastPosition, filter) }
    )
  }
