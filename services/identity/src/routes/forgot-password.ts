import type * as api from '@gavel/contracts/api/identity.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import type { Dependencies } from '../dependencies.ts'
import { normaliseEmail } from '../domain/email.ts'
import { queueMail } from '../store/mail-queue.ts'

/** Whether there is such an account is looked up when the mail is sent, and not here: the answer takes as long and says as much either way. */
export const forgotPassword =
  ({ pool }: Dependencies): Handler<typeof api.forgotPassword> =>
  async ({ body, now }) => {
    await queueMail(pool, normaliseEmail(body.email), 'reset-password', now)
    return reply(202)
  }
