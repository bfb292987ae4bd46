import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { passwordLengthMin, passwordWeakness } from '../domain/password-rules.ts'
import { changePassword, lockById, verifyAddress } from '../store/accounts.ts'
import { forgetFailures } from '../store/login-failures.ts'
import { findMailedToken, useMailedToken } from '../store/mailed-tokens.ts'
import { endSessionsOf } from '../store/sessions.ts'

/** A password that is too weak does not use the token up. */
export const resetPassword =
  ({ pool, passwords }: Dependencies): Handler<typeof api.resetPassword> =>
  async ({ body, now }) => {
    const found = await findMailedToken(pool, body.token, 'reset-password', now)
    if (!found) throw new Refusal('MAILED_TOKEN_INVALID')
    const weakness = passwordWeakness(body.password, found.email)
    if (weakness) throw new Refusal('PASSWORD_TOO_WEAK', { reason: weakness, lengthMin: passwordLengthMin })
    const passwordHash = await passwords.hash(body.password)
    const isDone = await transaction(pool, async (client) => {
      const token = await useMailedToken(client, body.token, 'reset-password', now)
      const account = token && (await lockById(client, token.userId))
      if (!account || account.email !== token.email) return false
      await changePassword(client, account.userId, passwordHash)
      await verifyAddress(client, account.userId, now)
      await forgetFailures(client, account.email)
      await endSessionsOf(client, account.userId, 'password-changed', { now })
      return true
    })
    if (!isDone) throw new Refusal('MAILED_TOKEN_INVALID')
    return reply(204)
  }
