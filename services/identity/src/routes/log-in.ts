import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { normaliseEmail } from '../domain/email.ts'
import { lockLeftMs } from '../domain/lock-out.ts'
import { tokenPair } from '../sign-in.ts'
import { findByEmail } from '../store/accounts.ts'
import { forgetFailures, readLock, recordFailure } from '../store/login-failures.ts'
import { endSurplusSessions, startSession } from '../store/sessions.ts'

/**
 * An unknown address is treated in every respect like a known one with a wrong password: same computation, same count, same lock, same
 * answer. Attempts for one address take turns in this process, so that a burst of guesses meets the lock that its first ones made.
 */
export const logIn =
  ({ context, pool, passwords, attempts, prepareAccessToken, metrics }: Dependencies): Handler<typeof api.logIn> =>
  async ({ body }) => {
    const email = normaliseEmail(body.email)
    return await attempts.run(email, async () => {
      // Read here and not before: the turn may have come late.
      const now = context.clock()
      const leftMs = lockLeftMs(await readLock(pool, email), now)
      if (leftMs > 0) {
        metrics.logIns.inc({ outcome: 'locked' })
        throw new Refusal('ACCOUNT_LOCKED', { retryAfterMs: leftMs })
      }
      const account = await findByEmail(pool, email)
      const right = await passwords.verify(body.password, account?.passwordHash)
      if (!account || !right) {
        await recordFailure(pool, email, now)
        metrics.logIns.inc({ outcome: 'wrong' })
        throw new Refusal('CREDENTIALS_WRONG')
      }
      const access = await (await prepareAccessToken(now))(account)
      const refresh = await transaction(pool, async (client) => {
        await forgetFailures(client, email)
        const issued = await startSession(client, account.userId, now)
        await endSurplusSessions(client, account.userId, now)
        return issued
      })
      metrics.logIns.inc({ outcome: 'ok' })
      return reply(200, tokenPair(account, access, refresh))
    })
  }
