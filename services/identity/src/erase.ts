import type { Pool, PoolClient } from 'pg'
import { Refusal } from '@gavel/platform/errors.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { findById, lockById, type StoredAccount } from './store/accounts.ts'
import { announceErasure } from './store/announcements.ts'
import { forgetFailures } from './store/login-failures.ts'
import { forgetMailedTokens } from './store/mailed-tokens.ts'
import { forgetMails } from './store/mail-queue.ts'
import { forgetSessions } from './store/sessions.ts'

/**
 * Takes a person out of an account, and tells whoever was sent something of them. What is left is an id, which orders, bids and events go
 * on naming. Undefined where there is no such account; one that is erased stays as it is.
 */
export async function eraseAccount(pool: Pool, userId: string, now: number): Promise<StoredAccount | undefined> {
  return await transaction(pool, async (client) => {
    const account = await lockById(client, userId)
    if (!account || account.erasedAt !== undefined) return account
    // The configured one would be made again at the next start, and a platform without admins helps nobody.
    if (account.role === 'admin') throw new Refusal('ADMIN_NOT_ERASED')
    await forgetSessions(client, userId)
    await forgetMailedTokens(client, userId)
    await forgetMails(client, account.email)
    await forgetFailures(client, account.email)
    await blank(client, userId, now)
    await announceErasure(client, userId, now)
    return await findById(client, userId)
  })
}

async function blank(client: PoolClient, userId: string, now: number): Promise<void> {
  await client.query(
    `update accounts
        set email = 'erased.' || user_id || '@erased.invalid', display_name = 'Erased account', password_hash = '',
            email_verified_at = null, lock_reason = case when locked_at is null then null else 'erased' end, erased_at = $2
      where user_id = $1`,
    [userId, new Date(now)]
  )
}
