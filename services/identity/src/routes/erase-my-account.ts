import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { eraseAccount } from '../erase.ts'
import { findById } from '../store/accounts.ts'

/** The password is asked again: an access token that was stolen must not be enough. */
export const eraseMyAccount =
  ({ pool, passwords, attempts }: Dependencies): Handler<typeof api.eraseMyAccount> =>
  async ({ body, user, now }) => {
    const account = await findById(pool, user.userId)
    if (!account || account.erasedAt !== undefined)
      throw new Refusal('UNAUTHENTICATED', { detail: 'The account of this access token does not exist' })
    const right = await attempts.run(
      account.email,
      async () => await passwords.verify(body.password, account.passwordHash)
    )
    if (!right) throw new Refusal('CREDENTIALS_WRONG')
    await eraseAccount(pool, user.userId, now)
    return reply(204)
  }
