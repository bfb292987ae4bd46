import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { endSessionsOf } from '../store/sessions.ts'

export const endMyOtherSessions =
  ({ pool }: Dependencies): Handler<typeof api.endMyOtherSessions> =>
  async ({ user, now }) => {
    const ended = await transaction(
      pool,
      async (client) => await endSessionsOf(client, user.userId, 'ended-by-owner', { now, except: user.sessionId })
    )
    return reply(200, { ended })
  }
