import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { Session } from '@gavel/contracts/api/identity.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { sessionPolicy, tokenExpiry, type StoredToken } from '../domain/session.ts'

export type EndReason =
  | 'logged-out'
  | 'token-reused'
  | 'password-changed'
  | 'too-many'
  | 'ended-by-owner'
  | 'ended-by-admin'
  | 'locked'
  | 'role-changed'
  | 'erased'

/** A refresh token as its bearer gets it. Only its hash is kept. */
export interface IssuedToken {
  refreshToken: string
  refreshTokenExpiresAt: number
  sessionId: string
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
  return { refreshToken, refreshTokenExpiresAt: expiresAt, sessionId }
}

/** Begins a sign-in. */
export async function startSession(
  client: PoolClient,
  userId: string,
  { now, userAgent }: { now: number; userAgent: string | undefined }
): Promise<IssuedToken> {
  const sessionId = randomUUID()
  const expiresAt = now + sessionPolicy.lifetimeMs
  await client.query(
    `insert into sessions (session_id, user_id, started_at, last_used_at, expires_at, user_agent)
     values ($1, $2, $3, $3, $4, $5)`,
    [sessionId, userId, new Date(now), new Date(expiresAt), userAgent?.slice(0, 200) ?? null]
  )
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
  await client.query('update sessions set last_used_at = $2 where session_id = $1', [
    options.sessionId,
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

/** Answers how many there were. `except` is left as it is. */
export async function endSessionsOf(
  client: Queryable,
  userId: string,
  reason: EndReason,
  { now, except }: { now: number; except?: string | undefined }
): Promise<number> {
  const { rowCount } = await client.query(
    `update sessions set ended_at = $3, end_reason = $2
      where user_id = $1 and ended_at is null and expires_at > $3 and session_id is distinct from $4`,
    [userId, reason, new Date(now), except ?? null]
  )
  return rowCount ?? 0
}

/** False where the user has no such live session. */
export async function endOneSession(db: Queryable, userId: string, sessionId: string, now: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `update sessions set ended_at = $3, end_reason = 'ended-by-owner'
      where session_id = $1 and user_id = $2 and ended_at is null and expires_at > $3`,
    [sessionId, userId, new Date(now)]
  )
  return rowCount === 1
}

/** Those that live; the policy bounds how many. `current` is the one that the caller's access token is of. */
export async function listSessions(
  db: Queryable,
  userId: string,
  { now, current }: { now: number; current?: string | undefined }
): Promise<Session[]> {
  const { rows } = await db.query<{
    session_id: string
    started_at: Date
    last_used_at: Date
    expires_at: Date
    user_agent: string | null
  }>(
    `select session_id, started_at, last_used_at, expires_at, user_agent from sessions
      where user_id = $1 and ended_at is null and expires_at > $2
      order by started_at desc, session_id
      limit $3`,
    [userId, new Date(now), sessionPolicy.perAccountMax]
  )
  return rows.map((row) => ({
    sessionId: row.session_id,
    startedAt: row.started_at.getTime(),
    lastUsedAt: row.last_used_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    ...(row.user_agent === null ? {} : { userAgent: row.user_agent }),
    current: row.session_id === current
  }))
}

/** With their tokens, and what they knew of the client. */
export async function forgetSessions(client: PoolClient, userId: string): Promise<void> {
  await client.query('delete from sessions where user_id = $1', [userId])
}
