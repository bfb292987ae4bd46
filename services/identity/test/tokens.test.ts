import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthenticator, type Authenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { anIdentity, registered, signedInAdmin, type Identity, type Process } from './identity.ts'

let identity: Identity
let process: Process
/** What every other service has: it knows identity by its address alone. */
let elsewhere: Authenticator
beforeAll(async () => {
  identity = await anIdentity()
  process = await identity.start()
  const address = await listen(process.app, { host: '127.0.0.1', port: 0 })
  elsewhere = createAuthenticator({
    jwksUrl: `${address}/.well-known/jwks.json`,
    issuer: 'https://gavel.dev',
    audience: 'gavel',
    clock: () => identity.clock.now
  })
})
afterAll(async () => await identity.release())

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

test('a token is verified by any service with the published keys alone', async () => {
  const { accessToken, account } = await registered(process)
  expect(await elsewhere.verify(accessToken)).toMatchObject({
    userId: account.userId,
    role: 'bidder',
    email: account.email
  })
  const { keys } = (await process.get('/.well-known/jwks.json')).body
  expect(headerOf(accessToken)).toEqual({ alg: 'EdDSA', kid: keys[0].kid, typ: 'JWT' })
  expect(claimsOf(accessToken)).toEqual({
    iss: 'https://gavel.dev',
    aud: 'gavel',
    sub: account.userId,
    role: 'bidder',
    email: account.email,
    iat: Math.floor(identity.clock.now / 1000),
    exp: Math.floor(identity.clock.now / 1000) + 600,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    sid: expect.stringMatching(/^[0-9a-f-]{36}$/)
  })
  expect((await elsewhere.verify((await signedInAdmin(process)).accessToken)).role).toBe('admin')
})

test('the published set holds public parts only', async () => {
  const { keys } = (await process.get('/.well-known/jwks.json')).body
  expect(keys).toHaveLength(1)
  expect(Object.keys(keys[0]).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
})

describe('a token that is', () => {
  const claims = () => {
    const issuedAt = Math.floor(identity.clock.now / 1000)
    return {
      iss: 'https://gavel.dev',
      aud: 'gavel',
      sub: 'someone',
      role: 'admin',
      iat: issuedAt,
      exp: issuedAt + 600,
      jti: randomUUID()
    }
  }
  const signed = async (changes: object, header: object = {}) => {
    const { kid, privateKey } = await process.dependencies.keys.signer(identity.clock.now)
    return await new SignJWT({ ...claims(), ...changes })
      .setProtectedHeader({ alg: 'EdDSA', kid, ...header })
      .sign(privateKey)
  }
  const forgeries: Record<string, () => Promise<string>> = {
    'signed with another key under our id': async () => {
      const { kid } = await process.dependencies.keys.signer(identity.clock.now)
      return await new SignJWT(claims())
        .setProtectedHeader({ alg: 'EdDSA', kid })
        .sign(generateKeyPairSync('ed25519').privateKey)
    },
    'signed with another key under its own id': async () =>
      await new SignJWT(claims())
        .setProtectedHeader({ alg: 'EdDSA', kid: 'mine' })
        .sign(generateKeyPairSync('ed25519').privateKey),
    'signed with a key that it brings along': async () => {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519')
      const jwk = publicKey.export({ format: 'jwk' }) as { kty: string }
      return await new SignJWT(claims()).setProtectedHeader({ alg: 'EdDSA', jwk }).sign(privateKey)
    },
    'not signed (alg none)': async () => `${part({ alg: 'none', typ: 'JWT' })}.${part(claims())}.`,
    'not signed, in other letters (alg nOnE)': async () => `${part({ alg: 'nOnE' })}.${part(claims())}.`,
    'signed with the public key as a shared secret': async () => {
      const { keys } = (await process.get('/.well-known/jwks.json')).body
      const text = `${part({ alg: 'HS256', kid: keys[0].kid })}.${part(claims())}`
      return `${text}.${createHmac('sha256', Buffer.from(keys[0].x, 'base64url')).update(text).digest('base64url')}`
    },
    'raised from bidder to admin': async () => {
      const [header, payload, signature] = (await registered(process)).accessToken.split('.')
      const raised = { ...JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()), role: 'admin' }
      return `${header}.${part(raised)}.${signature}`
    },
    expired: async () => await signed({ exp: Math.floor(identity.clock.now / 1000) }),
    'without an end': async () => await signed({ exp: undefined }),
    'for another audience': async () => await signed({ aud: 'elsewhere' }),
    'of another issuer': async () => await signed({ iss: 'https://elsewhere.dev' }),
    'without a subject': async () => await signed({ sub: undefined }),
    'of an unknown role': async () => await signed({ role: 'owner' }),
    'not valid yet': async () => await signed({ nbf: Math.floor(identity.clock.now / 1000) + 3600 }),
    empty: async () => '..',
    'no token at all': async () => 'a-password-of-somebody',
    'far too long': async () => await signed({ filler: 'x'.repeat(10_000) })
  }

  test.each(Object.entries(forgeries))('%s is refused here and elsewhere', async (_, forge) => {
    const token = await forge()
    expect(await process.get('/api/auth/me', token)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect(await process.post('/api/auth/keys/rotate', undefined, token)).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHENTICATED' }
    })
    await expect(elsewhere.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('good is accepted by the same checks until its last second', async () => {
    const { accessToken } = await registered(process)
    const start = identity.clock.now
    expect((await process.get('/api/auth/me', accessToken)).status).toBe(200)
    identity.clock.now = start + 598_000
    expect((await process.get('/api/auth/me', accessToken)).status).toBe(200)
    identity.clock.now = start + 601_000
    expect(await process.get('/api/auth/me', accessToken)).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHENTICATED' }
    })
    await expect(elsewhere.verify(accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    identity.clock.now = start
  })
})

test('without a token there is no account to read', async () => {
  expect(await process.get('/api/auth/me')).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
})
