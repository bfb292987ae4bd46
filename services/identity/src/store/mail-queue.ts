import { randomUUID } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { mailedTokens, type Purpose } from '../domain/mailed-token.ts'

export interface QueuedMail {
  mailId: string
  email: string
  purpose: Purpose
  /** This one is counted. */
  attempts: number
}

/** Asks for a mail, unless the address has had enough of them; the same for an address that nobody has. */
export async function queueMail(db: Queryable, email: string, purpose: Purpose, now: number): Promise<void> {
  await db.query(
    `insert into mail_queue (mail_id, email, purpose, requested_at, next_attempt_at)
     select $1, $2, $3, $4, $4
      where (select count(*) from mail_queue where email = $2 and purpose = $3 and requested_at > $5) < $6`,
    [randomUUID(), email, purpose, new Date(now), new Date(now - mailedTokens.windowMs), mailedTokens.mailsMax]
  )
}

/** The mail that has waited longest, ours until the lease is over. */
export async function claimMail(pool: Pool, now: number, leaseMs: number): Promise<QueuedMail | undefined> {
  const { rows } = await pool.query<{ mail_id: string; email: string; purpose: Purpose; attempts: number }>(
    `update mail_queue set attempts = attempts + 1, next_attempt_at = $2
      where mail_id = (
        select mail_id from mail_queue
         where done_at is null and next_attempt_at <= $1
         order by next_attempt_at limit 1 for update skip locked)
      returning mail_id, email, purpose, attempts`,
    [new Date(now), new Date(now + leaseMs)]
  )
  const row = rows[0]
  return row && { mailId: row.mail_id, email: row.email, purpose: row.purpose, attempts: row.attempts }
}

/** Sent, not needed or given up. */
export async function mailDone(pool: Pool, mailId: string, now: number): Promise<void> {
  await pool.query('update mail_queue set done_at = $2 where mail_id = $1', [mailId, new Date(now)])
}

export async function mailPostponed(pool: Pool, mailId: string, until: number): Promise<void> {
  await pool.query('update mail_queue set next_attempt_at = $2 where mail_id = $1', [mailId, new Date(until)])
}

export async function forgetMails(client: PoolClient, email: string): Promise<void> {
  await client.query('delete from mail_queue where email = $1', [email])
}
