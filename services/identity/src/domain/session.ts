import type { ErrorCode } from '@gavel/contracts/errors.ts'

/** A session is one sign-in: a family of refresh tokens of which only the newest is unused. */
export interface SessionPolicy {
  /** A session not refreshed for this long ends. */
  idleMs: number
  /** Whatever is refreshed, the password is asked again after this long. */
  lifetimeMs: number
  /** The oldest sessions of an account end beyond this many. */
  perAccountMax: number
}

const DAY_MS = 24 * 60 * 60_000
export const sessionPolicy: SessionPolicy = { idleMs: 14 * DAY_MS, lifetimeMs: 90 * DAY_MS, perAccountMax: 100 }

/** A stored refresh token with its session, as far as the decision needs it. */
export interface StoredToken {
  expiresAt: number
  usedAt: number | undefined
  sessionExpiresAt: number
  sessionEndedAt: number | undefined
}

export type RefreshDecision =
  | { status: 'rotate'; expiresAt: number }
  | {
      status: 'refuse'
      code: Extract<ErrorCode, 'REFRESH_TOKEN_INVALID' | 'REFRESH_TOKEN_REUSED'>
      endSession: boolean
    }

/** When a token issued now expires: never after its session. */
export const tokenExpiry = (sessionExpiresAt: number, now: number, policy: SessionPolicy = sessionPolicy): number =>
  Math.min(now + policy.idleMs, sessionExpiresAt)

/**
 * A token that comes a second time was seen by two parties, and nobody can say which of them is the thief. So the session ends for both,
 * without a grace time: a client whose answer was lost signs in again.
 */
export function decideRefresh(
  token: StoredToken | undefined,
  now: number,
  policy: SessionPolicy = sessionPolicy
): RefreshDecision {
  if (!token) return { status: 'refuse', code: 'REFRESH_TOKEN_INVALID', endSession: false }
  if (token.usedAt !== undefined) {
    return { status: 'refuse', code: 'REFRESH_TOKEN_REUSED', endSession: token.sessionEndedAt === undefined }
  }
  const over = token.sessionEndedAt !== undefined || token.expiresAt <= now || token.sessionExpiresAt <= now
  if (over) return { status: 'refuse', code: 'REFRESH_TOKEN_INVALID', endSession: false }
  return { status: 'rotate', expiresAt: tokenExpiry(token.sessionExpiresAt, now, policy) }
}

/** Logging out takes any live token of the session; one that was used before ends the session too, which is what its bearer asks for. */
export const mayLogOut = (token: StoredToken | undefined, now: number): boolean =>
  token !== undefined && token.sessionEndedAt === undefined && token.expiresAt > now
