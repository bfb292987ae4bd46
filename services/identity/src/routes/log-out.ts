import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { mayLogOut } from '../domain/session.ts'
import { endSession, lockToken } from '../store/sessions.ts'

export const logOut =
  ({ pool }: Dependencies): Handler<typeof api.logOut> =>
  async ({ body, now }) => {
    await transaction(pool, async (client) => {
      const token = await lockToken(client, body.refreshToken)
      if (!token || !mayLogOut(token, now)) throw new Refusal('REFRESH_TOKEN_INVALID')
      await endSession(client, token.sessionId, 'logged-out', now)
    })
    return reply(204)
  }
