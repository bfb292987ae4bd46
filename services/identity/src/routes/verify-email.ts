import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { findById, verifyAddress } from '../store/accounts.ts'
import { useMailedToken } from '../store/mailed-tokens.ts'

export const verifyEmail =
  ({ pool }: Dependencies): Handler<typeof api.verifyEmail> =>
  async ({ body, now }) => {
    const used = await transaction(pool, async (client) => {
      const token = await useMailedToken(client, body.token, 'verify-email', now)
      const account = token && (await findById(client, token.userId))
      if (account?.email !== token?.email || !account) return undefined
      await verifyAddress(client, account.userId, now)
      return account
    })
    if (!used) throw new Refusal('MAILED_TOKEN_INVALID')
    return reply(204)
  }
