import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { asUser } from '../store/accounts.ts'
import { findUsers, fromCursor, toCursor } from '../store/users.ts'

export const listUsers =
  ({ pool }: Dependencies): Handler<typeof api.listUsers> =>
  async ({ query }) => {
    const { cursor, limit = 50, ...filter } = query
    const found = await findUsers(pool, { ...filter, after: fromCursor(cursor), limit: limit + 1 })
    const items = found.slice(0, limit).map(asUser)
    const last = items.at(-1)
    return reply(200, found.length > limit && last ? { items, nextCursor: toCursor(last) } : { items })
  }
