import { randomUUID } from 'node:crypto'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Dependencies } from './dependencies.ts'
import type { Config } from './config.ts'
import { normaliseEmail } from './domain/email.ts'
import { passwordWeakness } from './domain/password-rules.ts'
import { findByEmail, insertAccount, lockByEmail, makeAdmin } from './store/accounts.ts'
import { announceAccount } from './store/announcements.ts'
import { forgetFailures } from './store/login-failures.ts'
import { endSessionsOf } from './store/sessions.ts'

type Outcome = 'not-configured' | 'made' | 'changed' | 'as-it-was'

/**
 * Sees to it that the admin of the configuration exists and has its password; run at every start, by any number of processes. An account
 * that already has the address is made admin with the configured password, and whoever was signed in to it no longer is.
 */
export async function ensureFirstAdmin(dependencies: Dependencies, admin: Config['admin']): Promise<Outcome> {
  const { pool, passwords, context } = dependencies
  if (admin.email === undefined || admin.password === undefined) return 'not-configured'
  const email = normaliseEmail(admin.email.reveal())
  const password = admin.password.reveal()
  const weakness = passwordWeakness(password, email)
  // Whoever configures the platform decides; but it should be known.
  if (weakness) context.log.warn({ weakness }, 'ADMIN_PASSWORD is weak')

  const found = await findByEmail(pool, email)
  const right = await passwords.verify(password, found?.passwordHash)
  if (found?.role === 'admin' && right) return 'as-it-was'
  const passwordHash = await passwords.hash(password)
  const now = context.clock()

  return await transaction(pool, async (client): Promise<Outcome> => {
    const account = {
      userId: randomUUID(),
      email,
      displayName: 'Administrator',
      role: 'admin',
      registeredAt: now,
      // Whoever configures the platform says so.
      emailVerified: true,
      passwordHash
    } as const
    const made = await insertAccount(client, account)
    if (made) {
      await announceAccount(client, made)
      context.log.info({ userId: made.userId }, 'The first admin was made')
      return 'made'
    }
    const existing = await lockByEmail(client, email)
    // Another process was faster and did the same.
    const changedSince = existing?.passwordHash !== found?.passwordHash
    if (!existing || (changedSince && existing.role === 'admin')) return 'as-it-was'
    await makeAdmin(client, existing.userId, passwordHash)
    await forgetFailures(client, email)
    await endSessionsOf(client, existing.userId, 'password-changed', { now })
    context.log.info({ userId: existing.userId }, 'The configured admin’s role and password were applied')
    return 'changed'
  })
}
