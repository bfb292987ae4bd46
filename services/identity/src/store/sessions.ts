import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import { sessionPolicy, tokenExpiry, type StoredToken } from '../domain/session.ts'

export type EndReason = 'logged-out' | 'token-reused' | 'password-changed' | 'too-many'

/** A refresh token as its bearer gets it. Only its hash is kept. */
export interface IssuedToken {
  refreshToken: string
  refreshTokenExpiresAt: number
}

export interface LockedToken extends StoredToken {
  sessionId: string
  userId: string
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

async function issueToken(client: PoolClient, sessionId: string, expiresAt: number, now: number): Promise<IssuedToken> {
  const refreshToken = randomBytes(32).toString('base64url')
  await client.query(
    'insert into refresh_tokens (token_sha256, session_id, issued_at, expires_at) values ($1, $2, $3, $4)',
    [hashOf(refreshToken), sessionId, new Date(now), new Date(expiresAt)]
  )
  return { refreshToken, refreshTokenExpiresAt: expiresAt }
}

/** Begins a sign-in. */
export async function startSession(client: PoolClient, userId: string, now: number): Promise<IssuedToken> {
  const sessionId = randomUUID()
  const expiresAt = now + sessionPolicy.lifetimeMs
  await client.query('insert into sessions (session_id, user_id, started_at, expires_at) values ($1, $2, $3, $4)', [
    sessionId,
    userId,
    new Date(now),
    new Date(expiresAt)
  ])
  return await issueToken(client, sessionId, tokenExpiry(expiresAt, now), now)
}

/** Ends the oldest live sessions of an account beyond the limit; reads at most a page of them through their index. */
export async function endSurplusSessions(client: PoolClient, userId: string, now: number): Promise<void> {
  await client.query(
    `update sessions set ended_at = $3, end_reason = 'too-many'
     where session_id in (
       select session_id from sessions where user_id = $1 and ended_at is null
       order by started_at desc, session_id offset $2 limit 100
     ) and ended_at is null`,
    [userId, sessionPolicy.perAccountMax, new Date(now)]
  )
}

interface LockedRow {
  session_id: string
  user_id: string
  token_expires_at: Date
  used_at: Date | null
  session_expires_at: Date
  ended_at: Date | null
}

/**
 * The token with its session, both held until the transaction ends: of two refreshes with one token, the second waits here and then reads
 * that it was used. The session's row is locked as well, so that an end and a rotation cannot cross.
 */
export async function lockToken(client: PoolClient, refreshToken: string): Promise<LockedToken | undefined> {
  const { rows } = await client.query<LockedRow>(
    `select s.session_id, s.user_id, t.expires_at as token_expires_at, t.used_at, s.expires_at as session_expires_at, s.ended_at
     from refresh_tokens t join sessions s using (session_id)
     where t.token_sha256 = $1
     for update of s, t`,
    [hashOf(refreshToken)]
  )
  const row = rows[0]
  return (
    row && {
      sessionId: row.session_id,
      userId: row.user_id,
      expiresAt: row.token_expires_at.getTime(),
      usedAt: row.used_at?.getTime(),
      sessionExpiresAt: row.session_expires_at.getTime(),
      sessionEndedAt: row.ended_at?.getTime()
    }
  )
}

/** Uses the token up and issues its successor. */
export async function rotateToken(
  client: PoolClient,
  options: { refreshToken: string; sessionId: string; expiresAt: number; now: number }
): Promise<IssuedToken> {
  await client.query('update refresh_tokens set used_at = $2 where token_sha256 = $1', [
    hashOf(options.refreshToken),
    new Date(options.now)
  ])
  return await issueToken(client, options.sessionId, options.expiresAt, options.now)
}

export async function endSession(client: PoolClient, sessionId: string, reason: EndReason, now: number): Promise<void> {
  await client.query('update sessions set ended_at = $3, end_reason = $2 where session_id = $1 and ended_at is null', [
    sessionId,
    reason,
    new Date(now)
  ])
}

export async function endSessionsOf(client: PoolClient, userId: string, reason: EndReason, now: number): Promise<void> {
  await client.query('update sessions set ended_at = $3, end_reason = $2 where user_id = $1 and ended_at is null', [
    userId,
    reason,
    new Date(now)
  ])
}
