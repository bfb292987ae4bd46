import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export const issuer = 'https://gavel.dev'
export const audience = 'gavel'

export type SigningKey = { kid: string; privateKey: KeyObject; publicJwk: Record<string, unknown> }

export function makeKey(kid: string): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { kid, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' } }
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

type Claims = { sub?: string; aud?: string; iss?: string; role?: string; expiresInSeconds?: number }

export function tokenOf(key: SigningKey, { expiresInSeconds = 300, ...claims }: Claims = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    iss: issuer,
    aud: audience,
    sub: 'user-1',
    role: 'bidder',
    email: 'a@b.example',
    iat: now,
    exp: now + expiresInSeconds,
    jti: 'token-1',
    ...claims
  }
  const signed = `${part({ alg: 'EdDSA', typ: 'JWT', kid: key.kid })}.${part(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), key.privateKey).toString('base64url')}`
}

/** The same claims without a signature, as a library that trusts the header would take them. */
export function unsignedToken(): string {
  const now = Math.floor(Date.now() / 1000)
  return `${part({ alg: 'none', typ: 'JWT' })}.${part({ iss: issuer, aud: audience, sub: 'user-1', role: 'admin', exp: now + 300 })}.`
}
