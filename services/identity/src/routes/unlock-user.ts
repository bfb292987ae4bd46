import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { asUser, lockById } from '../store/accounts.ts'
import { forgetFailures } from '../store/login-failures.ts'
import { knownUser, unlockAccount } from '../store/users.ts'

export const unlockUser =
  ({ pool }: Dependencies): Handler<typeof api.unlockUser> =>
  async ({ params: { userId } }) => {
    const unlocked = await transaction(pool, async (client) => {
      const account = await lockById(client, userId)
      if (!account) throw new Refusal('USER_NOT_FOUND')
      await unlockAccount(client, userId)
      await forgetFailures(client, account.email)
      return await knownUser(client, userId)
    })
    return reply(200, asUser(unlocked))
  }
