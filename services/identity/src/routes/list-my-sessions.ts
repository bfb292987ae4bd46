import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { listSessions } from '../store/sessions.ts'

export const listMySessions =
  ({ pool }: Dependencies): Handler<typeof api.listMySessions> =>
  async ({ user, now }) =>
    reply(200, { items: await listSessions(pool, user.userId, { now, current: user.sessionId }) })
