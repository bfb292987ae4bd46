import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { endOneSession } from '../store/sessions.ts'

export const endMySession =
  ({ pool }: Dependencies): Handler<typeof api.endMySession> =>
  async ({ params, user, now }) => {
    if (!(await endOneSession(pool, user.userId, params.sessionId, now))) throw new Refusal('SESSION_NOT_FOUND')
    return reply(204)
  }
