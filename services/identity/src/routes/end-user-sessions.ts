import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { endSessionsOf } from '../store/sessions.ts'
import { knownUser } from '../store/users.ts'

export const endUserSessions =
  ({ pool }: Dependencies): Handler<typeof api.endUserSessions> =>
  async ({ params: { userId }, now }) => {
    const ended = await transaction(pool, async (client) => {
      await knownUser(client, userId)
      return await endSessionsOf(client, userId, 'ended-by-admin', { now })
    })
    return reply(200, { ended })
  }
