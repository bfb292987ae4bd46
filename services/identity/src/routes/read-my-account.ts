import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { findById, withoutHash } from '../store/accounts.ts'

export const readMyAccount =
  ({ pool }: Dependencies): Handler<typeof api.readMyAccount> =>
  async ({ user }) => {
    const account = await findById(pool, user.userId)
    if (!account || account.erasedAt !== undefined)
      throw new Refusal('UNAUTHENTICATED', { detail: 'The account of this access token does not exist' })
    return reply(200, withoutHash(account))
  }
