import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors as joseErrors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey
} from 'jose'
import { Fault, Refusal } from '../errors.ts'

export interface User {
  userId: string
  role: 'bidder' | 'admin'
  email?: string
  /** The sign-in that the token is of. */
  sessionId?: string
  /** When the access token ends, in milliseconds since the epoch. */
  expiresAt: number
}

export interface Authenticator {
  /** Throws a Refusal UNAUTHENTICATED, or a Fault where no key set can be had. */
  verify(token: string): Promise<User>
  /** The answer at once where the token was verified before; the hot path. */
  verified?(token: string): User | undefined
}

export interface AuthenticatorOptions {
  /** Where the key set is fetched from; or the key set itself, or a function that finds keys. */
  jwksUrl?: string
  keys?: JSONWebKeySet | JWTVerifyGetKey
  issuer: string
  audience: string
  clock?: () => number
}

interface Remembered {
  token: string
  user: User
}

const TAIL_LENGTH = 24
const MAX_TOKEN_LENGTH = 4096
/** About 20 MB at the most: a token is some 400 characters. */
const MAX_REMEMBERED = 20_000
const unauthenticated = (detail: string): Refusal => new Refusal('UNAUTHENTICATED', { detail })

/**
 * The key set of a URL. It is fetched again when a token names a key it lacks, at most every five seconds; and where the fetch
 * fails the last good set stays in use, so that tokens are still verified while their issuer is away.
 */
function remoteKeys(url: string): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: 3000,
    cooldownDuration: 5000,
    cacheMaxAge: 10 * 60_000
  })
  let lastGood: JWTVerifyGetKey | undefined
  let lastSet: JSONWebKeySet | undefined
  return async (header, token) => {
    try {
      const key = await remote(header, token)
      const set = remote.jwks()
      if (set && set !== lastSet) {
        lastSet = set
        lastGood = createLocalJWKSet(set)
      }
      return key
    } catch (error) {
      if (error instanceof joseErrors.JWKSNoMatchingKey) throw error
      if (!lastGood) throw new Fault('The key set cannot be had', { cause: error, unreachable: true })
      return await lastGood(header, token)
    }
  }
}

function keysOf({ jwksUrl, keys }: AuthenticatorOptions): JWTVerifyGetKey {
  if (typeof keys === 'function') return keys
  if (keys) return createLocalJWKSet(keys)
  if (jwksUrl === undefined) throw new TypeError('An authenticator needs a jwksUrl or keys')
  return remoteKeys(jwksUrl)
}

function userOf(payload: JWTPayload): User {
  const { sub, role, email, exp, sid } = payload
  if (typeof sub !== 'string' || sub === '' || exp === undefined)
    throw unauthenticated('The access token lacks a claim')
  if (role !== 'bidder' && role !== 'admin') throw unauthenticated('The access token names no known role')
  const user: User = { userId: sub, role, expiresAt: exp * 1000 }
  if (typeof email === 'string') user.email = email
  if (typeof sid === 'string') user.sessionId = sid
  return user
}

/**
 * Verifies access tokens (JWT, EdDSA). A verification costs some 100 µs, more than all the rest of a request, so a verified token
 * is remembered by its text until it ends; the oldest are forgotten first.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const clock = options.clock ?? Date.now
  const keys = keysOf(options)
  /** By the end of the signature, because hashing all 400 characters is what a look-up costs; the whole is then compared. */
  const remembered = new Map<string, Remembered>()

  const verified = (token: string): User | undefined => {
    const tail = token.slice(-TAIL_LENGTH)
    const found = remembered.get(tail)
    if (found === undefined || found.token !== token) return undefined
    if (found.user.expiresAt > clock()) return found.user
    remembered.delete(tail)
    return undefined
  }

  const verify = async (token: string): Promise<User> => {
    const known = verified(token)
    if (known) return known
    if (token.length > MAX_TOKEN_LENGTH) throw unauthenticated('The access token is too long')
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: options.issuer,
        audience: options.audience,
        algorithms: ['EdDSA', 'Ed25519'],
        requiredClaims: ['sub', 'exp', 'role'],
        currentDate: new Date(clock())
      })
      const user = userOf(payload)
      if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!)
      remembered.set(token.slice(-TAIL_LENGTH), { token, user })
      return user
    } catch (error) {
      if (error instanceof Fault || error instanceof Refusal) throw error
      if (error instanceof joseErrors.JWTExpired) throw unauthenticated('The access token has expired')
      if (error instanceof joseErrors.JOSEError || error instanceof TypeError)
        throw unauthenticated('The access token is not valid')
      throw error
    }
  }

  return { verify, verified }
}

/** The token of an `authorization` header; undefined where the header has another form. */
export function bearerToken(header: string): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header)?.[1]
}
