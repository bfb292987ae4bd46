import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { asUser, lockById } from '../store/accounts.ts'
import { endSessionsOf } from '../store/sessions.ts'
import { knownUser, lockAccount } from '../store/users.ts'

export const lockUser =
  ({ pool }: Dependencies): Handler<typeof api.lockUser> =>
  async ({ params: { userId }, body, user, now }) => {
    if (userId === user.userId) throw new Refusal('OWN_ACCOUNT')
    const locked = await transaction(pool, async (client) => {
      if (!(await lockById(client, userId))) throw new Refusal('USER_NOT_FOUND')
      await lockAccount(client, userId, { by: user.userId, reason: body.reason, now })
      await endSessionsOf(client, userId, 'locked', { now })
      return await knownUser(client, userId)
    })
    return reply(200, asUser(locked))
  }
