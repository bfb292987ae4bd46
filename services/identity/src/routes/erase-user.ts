import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { eraseAccount } from '../erase.ts'
import { asUser } from '../store/accounts.ts'

export const eraseUser =
  ({ pool }: Dependencies): Handler<typeof api.eraseUser> =>
  async ({ params, now }) => {
    const erased = await eraseAccount(pool, params.userId, now)
    if (!erased) throw new Refusal('USER_NOT_FOUND')
    return reply(200, asUser(erased))
  }
