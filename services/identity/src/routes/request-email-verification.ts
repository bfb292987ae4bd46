import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { findById } from '../store/accounts.ts'
import { queueMail } from '../store/mail-queue.ts'

export const requestEmailVerification =
  ({ pool }: Dependencies): Handler<typeof api.requestEmailVerification> =>
  async ({ user, now }) => {
    const account = await findById(pool, user.userId)
    if (account && !account.emailVerified) await queueMail(pool, account.email, 'verify-email', now)
    return reply(202)
  }
