import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { normaliseEmail } from '../domain/email.ts'
import { lockLeftMs, lockOut } from '../domain/lock-out.ts'
import { tokenPair } from '../sign-in.ts'
import { findByEmail } from '../store/accounts.ts'
import { forgetFailures, readLock, recordFailure } from '../store/login-failures.ts'
import { endSurplusSessions, startSession } from '../store/sessions.ts'

/**
 * An unknown address is treated in every respect like a known one with a wrong password: same computation, same count, same lock, same
 * answer. Attempts for one address take turns in this process, so that a burst of guesses meets the lock that its first ones made.
 */
export const logIn =
  (dependencies: Dependencies): Handler<typeof api.logIn> =>
  async ({ body, request }) => {
    const { context, pool, passwords, attempts, prepareAccessToken, metrics, clientAddress, addressPolicy } =
      dependencies
    const email = normaliseEmail(body.email)
    const address = clientAddress(request)
    return await attempts.run(email, async () => {
      // Read here and not before: the turn may have come late.
      const now = context.clock()
      const addressLeftMs = lockLeftMs(await readLock(pool, 'address', address), now)
      if (addressLeftMs > 0) {
        metrics.logIns.inc({ outcome: 'address-locked' })
        throw new Refusal('RATE_LIMITED', { retryAfterMs: addressLeftMs })
      }
      const leftMs = lockLeftMs(await readLock(pool, 'email', email), now)
      if (leftMs > 0) {
        metrics.logIns.inc({ outcome: 'locked' })
        throw new Refusal('ACCOUNT_LOCKED', { retryAfterMs: leftMs })
      }
      const account = await findByEmail(pool, email)
      const right = await passwords.verify(body.password, account?.passwordHash)
      if (!account || !right) {
        await recordFailure(pool, 'email', email, { now, policy: lockOut })
        await recordFailure(pool, 'address', address, { now, policy: addressPolicy })
        metrics.logIns.inc({ outcome: 'wrong' })
        throw new Refusal('CREDENTIALS_WRONG')
      }
      // Said to nobody who does not know the password.
      if (account.locked) {
        metrics.logIns.inc({ outcome: 'disabled' })
        throw new Refusal('ACCOUNT_DISABLED')
      }
      const signFor = await prepareAccessToken(now)
      const refresh = await transaction(pool, async (client) => {
        await forgetFailures(client, email)
        const issued = await startSession(client, account.userId, { now, userAgent: request.headers['user-agent'] })
        await endSurplusSessions(client, account.userId, now)
        return issued
      })
      const access = await signFor(account, refresh.sessionId)
      metrics.logIns.inc({ outcome: 'ok' })
      return reply(200, tokenPair(account, access, refresh))
    })
  }
