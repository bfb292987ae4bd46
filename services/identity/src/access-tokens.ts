import { randomUUID, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Account } from '@gavel/contracts/api/identity.ts'
import type { KeyRing } from './key-ring.ts'

export interface AccessToken {
  accessToken: string
  accessTokenExpiresAt: number
}

export type SignFor = (account: Account, sessionId: string) => Promise<AccessToken>

/** In two steps: having the key may read the database, signing does not, so that a transaction never waits for a second connection. */
export type PrepareAccessToken = (now: number) => Promise<SignFor>

/** Tokens carry what a service needs to know about its caller, so that none asks identity. */
export const accessTokens =
  (options: { keys: KeyRing; issuer: string; audience: string; lifetimeMs: number }): PrepareAccessToken =>
  async (now) => {
    const { kid, privateKey } = await options.keys.signer(now)
    return async (account, sessionId) => await sign(account, now, { ...options, sessionId, kid, privateKey })
  }

async function sign(
  account: Account,
  now: number,
  options: {
    issuer: string
    audience: string
    lifetimeMs: number
    sessionId: string
    kid: string
    privateKey: KeyObject
  }
): Promise<AccessToken> {
  const issuedAt = Math.floor(now / 1000)
  const expiresAt = issuedAt + Math.floor(options.lifetimeMs / 1000)
  const accessToken = await new SignJWT({ role: account.role, email: account.email, sid: options.sessionId })
    .setProtectedHeader({ alg: 'EdDSA', kid: options.kid, typ: 'JWT' })
    .setIssuer(options.issuer)
    .setAudience(options.audience)
    .setSubject(account.userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .setJti(randomUUID())
    .sign(options.privateKey)
  return { accessToken, accessTokenExpiresAt: expiresAt * 1000 }
}
