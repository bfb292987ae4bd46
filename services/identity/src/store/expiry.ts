import type { Pool } from 'pg'
import { addressesMax, addressLockOut, lockOut } from '../domain/lock-out.ts'
import { mailedTokens } from '../domain/mailed-token.ts'

/** Rows of one kind that a clean-up takes in one statement: short locks, and a log that replicas follow easily. */
const batchSize = 1_000
/** Batches of one kind in one round, so that a round ends. What is left waits for the next. */
const batchesMax = 50

/**
 * A used token is kept until it would have expired, because its reuse must be recognised. A session goes after its last token, so that no
 * cascade makes one small batch a large one.
 */
const statements = {
  refreshTokens: `
    delete from refresh_tokens where token_sha256 in (
      select token_sha256 from refresh_tokens where expires_at < $1 order by expires_at limit $2 for update skip locked
    )`,
  sessions: `
    delete from sessions where session_id in (
      select session_id from sessions s where expires_at < $1
        and not exists (select from refresh_tokens t where t.session_id = s.session_id)
      order by expires_at limit $2 for update skip locked
    )`,
  loginFailures: `
    delete from login_failures where email_sha256 in (
      select email_sha256 from login_failures where last_failed_at < $1 order by last_failed_at limit $2 for update skip locked
    )`,
  addressFailures: `
    delete from address_failures where address_sha256 in (
      select address_sha256 from address_failures where last_failed_at < $1 order by last_failed_at limit $2 for update skip locked
    )`,
  mailedTokens: `
    delete from mailed_tokens where token_sha256 in (
      select token_sha256 from mailed_tokens where expires_at < $1 order by expires_at limit $2 for update skip locked
    )`,
  mails: `
    delete from mail_queue where mail_id in (
      select mail_id from mail_queue where requested_at < $1 and done_at is not null
      order by requested_at limit $2 for update skip locked
    )`
} as const

/** An address can be had by the billion, so their number is bounded too: beyond it, those that failed longest ago are forgotten. */
async function removeSurplusAddresses(pool: Pool, max = addressesMax): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from address_failures where address_sha256 in (
       select address_sha256 from address_failures order by last_failed_at desc offset $1)`,
    [max]
  )
  return rowCount ?? 0
}

async function deleteInBatches(pool: Pool, statement: string, before: number): Promise<number> {
  let deleted = 0
  for (let batch = 0; batch < batchesMax; batch += 1) {
    const { rowCount } = await pool.query(statement, [new Date(before), batchSize])
    deleted += rowCount ?? 0
    if ((rowCount ?? 0) < batchSize) break
  }
  return deleted
}

/** Removes what has no use any more. Several processes may do it at once: each takes rows that no other holds. */
export async function removeExpired(pool: Pool, now: number): Promise<Record<keyof typeof statements, number>> {
  return {
    refreshTokens: await deleteInBatches(pool, statements.refreshTokens, now),
    sessions: await deleteInBatches(pool, statements.sessions, now),
    loginFailures: await deleteInBatches(pool, statements.loginFailures, now - lockOut.forgetAfterMs),
    addressFailures:
      (await deleteInBatches(pool, statements.addressFailures, now - addressLockOut(0).forgetAfterMs)) +
      (await removeSurplusAddresses(pool)),
    mailedTokens: await deleteInBatches(pool, statements.mailedTokens, now),
    mails: await deleteInBatches(pool, statements.mails, now - mailedTokens.windowMs)
  }
}
