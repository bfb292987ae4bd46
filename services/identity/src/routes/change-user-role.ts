import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { asUser, lockById } from '../store/accounts.ts'
import { endSessionsOf } from '../store/sessions.ts'
import { changeRole, knownUser } from '../store/users.ts'

export const changeUserRole =
  ({ pool }: Dependencies): Handler<typeof api.changeUserRole> =>
  async ({ params: { userId }, body, user, now }) => {
    if (userId === user.userId) throw new Refusal('OWN_ACCOUNT')
    const changed = await transaction(pool, async (client) => {
      const account = await lockById(client, userId)
      if (!account || account.erasedAt !== undefined) throw new Refusal('USER_NOT_FOUND')
      if (account.role !== body.role) {
        await changeRole(client, userId, body.role)
        await endSessionsOf(client, userId, 'role-changed', { now })
      }
      return await knownUser(client, userId)
    })
    return reply(200, asUser(changed))
  }
