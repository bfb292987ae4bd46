import { createHash, randomBytes } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { mailedTokens, type Purpose } from '../domain/mailed-token.ts'

export interface MailedToken {
  userId: string
  email: string
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A new token. Only its hash is kept, so whoever reads the database can do nothing with it. */
export async function issueMailedToken(
  db: Queryable,
  { userId, email }: MailedToken,
  purpose: Purpose,
  now: number
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await db.query(
    `insert into mailed_tokens (token_sha256, user_id, email, purpose, issued_at, expires_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [hashOf(token), userId, email, purpose, new Date(now), new Date(now + mailedTokens.lifetimeMs[purpose])]
  )
  return token
}

interface Row {
  user_id: string
  email: string
}
const fromRow = (row: Row | undefined): MailedToken | undefined => row && { userId: row.user_id, email: row.email }

/** Whose it is; it stays good. */
export async function findMailedToken(
  db: Queryable,
  token: string,
  purpose: Purpose,
  now: number
): Promise<MailedToken | undefined> {
  const { rows } = await db.query<Row>(
    'select user_id, email from mailed_tokens where token_sha256 = $1 and purpose = $2 and expires_at > $3',
    [hashOf(token), purpose, new Date(now)]
  )
  return fromRow(rows[0])
}

/** Uses it up, and with it every other of the same purpose. Of two that race, one finds it. */
export async function useMailedToken(
  client: PoolClient,
  token: string,
  purpose: Purpose,
  now: number
): Promise<MailedToken | undefined> {
  const { rows } = await client.query<Row>(
    'delete from mailed_tokens where token_sha256 = $1 and purpose = $2 and expires_at > $3 returning user_id, email',
    [hashOf(token), purpose, new Date(now)]
  )
  const used = fromRow(rows[0])
  if (used) await client.query('delete from mailed_tokens where user_id = $1 and purpose = $2', [used.userId, purpose])
  return used
}

export async function forgetMailedTokens(client: PoolClient, userId: string): Promise<void> {
  await client.query('delete from mailed_tokens where user_id = $1', [userId])
}
