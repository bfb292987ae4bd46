import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { listSessions } from '../store/sessions.ts'
import { knownUser } from '../store/users.ts'

export const listUserSessions =
  ({ pool }: Dependencies): Handler<typeof api.listUserSessions> =>
  async ({ params: { userId }, user, now }) => {
    await knownUser(pool, userId)
    return reply(200, { items: await listSessions(pool, userId, { now, current: user.sessionId }) })
  }
