import { randomUUID } from 'node:crypto'
import type * as api from '@gavel/contracts/api/identity.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { reply, type Handler } from '@gavel/platform/http/server.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from '../dependencies.ts'
import { emailLengthMax, normaliseEmail } from '../domain/email.ts'
import { passwordLengthMin, passwordWeakness } from '../domain/password-rules.ts'
import { tokenPair } from '../sign-in.ts'
import { findByEmail, insertAccount } from '../store/accounts.ts'
import { announceAccount } from '../store/announcements.ts'
import { queueMail } from '../store/mail-queue.ts'
import { startSession } from '../store/sessions.ts'

export const register =
  ({ pool, passwords, prepareAccessToken, metrics }: Dependencies): Handler<typeof api.register> =>
  async ({ body, now, request }) => {
    const email = normaliseEmail(body.email)
    // A capital letter may have a lower case of two characters.
    if (email.length > emailLengthMax)
      throw new Refusal('INVALID_INPUT', { detail: 'The e-mail address is too long', member: 'email' })
    const weakness = passwordWeakness(body.password, email)
    if (weakness) throw new Refusal('PASSWORD_TOO_WEAK', { reason: weakness, lengthMin: passwordLengthMin })
    // The unique key decides; asking first only saves a computation that would be for nothing.
    if (await findByEmail(pool, email)) throw new Refusal('EMAIL_TAKEN')
    const passwordHash = await passwords.hash(body.password)
    const signFor = await prepareAccessToken(now)

    const signedIn = await transaction(pool, async (client) => {
      const account = await insertAccount(client, {
        userId: randomUUID(),
        email,
        displayName: body.displayName.trim(),
        role: 'bidder',
        registeredAt: now,
        emailVerified: false,
        passwordHash
      })
      if (!account) return undefined
      await announceAccount(client, account)
      await queueMail(client, email, 'verify-email', now)
      const session = await startSession(client, account.userId, { now, userAgent: request.headers['user-agent'] })
      return { account, access: await signFor(account, session.sessionId), refresh: session }
    })
    if (!signedIn) throw new Refusal('EMAIL_TAKEN')
    metrics.registrations.inc()
    return reply(201, tokenPair(signedIn.account, signedIn.access, signedIn.refresh))
  }
