import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  adminPassword,
  anEmail,
  anIdentity,
  count,
  dump,
  goodPassword,
  registered,
  signedInAdmin,
  type Identity,
  type Process
} from './identity.ts'

let identity: Identity
let process: Process
let other: Process
beforeAll(async () => {
  identity = await anIdentity()
  process = await identity.start()
  other = await identity.start()
})
afterAll(async () => await identity.release())

describe('registering', () => {
  test('makes a bidder, signs him in and announces him in the same transaction', async () => {
    const before = await count(process.pool, 'outbox')
    const answer = await process.post('/api/auth/register', {
      email: '  Ada.Lovelace@Example.ORG ',
      password: goodPassword,
      displayName: ' Ada Lovelace '
    })
    expect(answer).toMatchObject({
      status: 201,
      body: {
        accessTokenExpiresAt: Math.floor(identity.clock.now / 1000) * 1000 + 600_000,
        account: {
          email: 'ada.lovelace@example.org',
          displayName: 'Ada Lovelace',
          role: 'bidder',
          registeredAt: identity.clock.now
        }
      }
    })
    expect(await count(process.pool, 'outbox')).toBe(before + 2)
    const { rows } = await process.pool.query('select * from outbox order by id desc limit 2')
    const { userId: key, email, displayName, role, registeredAt } = answer.body.account
    expect(rows).toMatchObject([
      { topic: 'contacts', key, headers: { ce_type: 'gavel.ContactChanged.v1' } },
      { topic: 'users', key, headers: { ce_type: 'gavel.UserRegistered.v2' } }
    ])
    expect(JSON.parse(rows[0].value)).toEqual({ userId: key, email, displayName, registeredAt })
    // What is kept for good names nobody.
    expect(JSON.parse(rows[1].value)).toEqual({ userId: key, role, registeredAt })

    expect(await process.get('/api/auth/me', answer.body.accessToken)).toMatchObject({
      status: 200,
      body: answer.body.account
    })
    const again = await process.post('/api/auth/login', { email: 'ADA.lovelace@example.org', password: goodPassword })
    expect(again).toMatchObject({ status: 200, body: { account: answer.body.account } })
  })

  test('of many who want one address at the same time, in two processes, one gets it', async () => {
    const email = anEmail()
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, index) =>
        (index % 2 === 0 ? process : other).post('/api/auth/register', {
          email: index % 3 === 0 ? email.toUpperCase() : email,
          password: goodPassword,
          displayName: `Racer ${index}`
        })
      )
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status, body }) => status === 409 && body.code === 'EMAIL_TAKEN')).toHaveLength(11)
    const { rows } = await process.pool.query('select count(*)::int as events from outbox where value like $1', [
      `%${email}%`
    ])
    expect(rows[0].events).toBe(1)
  })

  test.each([
    ['short', 'short', 'TOO_SHORT'],
    ['common', 'Password1234', 'TOO_COMMON'],
    ['the address itself', 'me.myself@example.org', 'SAME_AS_EMAIL']
  ])('a password that is %s is refused, and nothing is stored', async (_, password, reason) => {
    const before = await count(process.pool, 'accounts')
    const answer = await process.post('/api/auth/register', {
      email: 'Me.Myself@example.org',
      password,
      displayName: 'Me'
    })
    expect(answer).toMatchObject({ status: 422, body: { code: 'PASSWORD_TOO_WEAK', reason } })
    expect(await count(process.pool, 'accounts')).toBe(before)
  })
})

const good = { email: 'someone@example.org', password: goodPassword, displayName: 'Someone' }
const badInputs: [string, unknown][] = [
  ['no body', undefined],
  ['an array', []],
  ['a missing member', { email: good.email, password: good.password }],
  ['an unknown member', { ...good, role: 'admin' }],
  ['a number for a text', { ...good, displayName: 5 }],
  ['null for a text', { ...good, email: null }],
  ['an object for a text', { ...good, password: { $gt: '' } }],
  ['no e-mail address', { ...good, email: 'someone' }],
  ['two at signs', { ...good, email: 'some@one@example.org' }],
  ['a space inside the address', { ...good, email: 'some one@example.org' }],
  ['a NUL in the address', { ...good, email: 'some\u0000one@example.org' }],
  ['a NUL in the name', { ...good, displayName: 'Some\u0000one' }],
  ['a line break in the name', { ...good, displayName: 'Some\r\nBcc: all@example.org' }],
  ['a blank name', { ...good, displayName: '   ' }],
  ['an endless address', { ...good, email: `${'a'.repeat(300)}@example.org` }],
  ['an address that grows in lower case', { ...good, email: `${'İ'.repeat(200)}@example.org` }],
  ['an endless password', { ...good, password: 'x'.repeat(257) }],
  ['an endless name', { ...good, displayName: 'x'.repeat(81) }]
]

describe('bad input', () => {
  test.each(badInputs)('%s is refused by code and stores nothing', async (_, body) => {
    const before = await count(process.pool, 'accounts')
    const answer = await process.post('/api/auth/register', body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT', status: 400 } })
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(await count(process.pool, 'accounts')).toBe(before)
  })

  test('what is no JSON, and what is too much, is refused by code', async () => {
    const post = async (payload: string, type = 'application/json') =>
      (
        await process.app.inject({
          method: 'POST',
          url: '/api/auth/register',
          payload,
          headers: { 'content-type': type }
        })
      ).json()
    expect(await post('{"email": ')).toMatchObject({ code: 'MALFORMED_JSON' })
    expect(await post('email=a@b.c', 'application/x-www-form-urlencoded')).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE'
    })
    expect(await post(JSON.stringify({ ...good, displayName: 'x'.repeat(10_000_000) }))).toMatchObject({
      code: 'BODY_TOO_LARGE'
    })
  })

  test.each(['__proto__', 'constructor'])('a member named %s is refused', async (name) => {
    const payload = `{"email":"p@example.org","password":"${goodPassword}","displayName":"P","${name}":{"role":"admin"}}`
    const answer = await process.app.inject({
      method: 'POST',
      url: '/api/auth/register',
      payload,
      headers: { 'content-type': 'application/json' }
    })
    expect(answer.statusCode).toBe(400)
  })
})

describe('signing in', () => {
  test('a wrong password and an unknown address are answered alike, and cost the same computation', async () => {
    const { account } = await registered(process)
    const computed = async (): Promise<number> => {
      const { values } = await process.dependencies.metrics.hashSeconds.get()
      return values.find(({ metricName }) => metricName === 'identity_password_hash_seconds_count')?.value ?? 0
    }
    const before = await computed()
    const wrong = await process.post('/api/auth/login', { email: account.email, password: 'not the password' })
    const between = await computed()
    const unknown = await process.post('/api/auth/login', { email: anEmail(), password: 'not the password' })
    expect(wrong).toMatchObject({ status: 401, body: { code: 'CREDENTIALS_WRONG' } })
    expect(unknown.body).toEqual(wrong.body)
    expect([between - before, (await computed()) - between]).toEqual([1, 1])
  })

  test('an account of the wrong form is not looked for', async () => {
    expect(await process.post('/api/auth/login', { email: 'x', password: 'y' })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT' }
    })
  })

  test('a token without its account is refused', async () => {
    const { account, accessToken } = await registered(process)
    await process.pool.query('delete from accounts where user_id = $1', [account.userId])
    expect(await process.get('/api/auth/me', accessToken)).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHENTICATED' }
    })
  })
})

test('no password, no token and no private key is stored or logged', async () => {
  const admin = await signedInAdmin(process)
  const { refreshToken, accessToken, account } = await registered(process)
  await process.post('/api/auth/login', { email: account.email, password: `${goodPassword} wrong` })
  const refreshed = await process.post('/api/auth/refresh', { refreshToken })
  await process.post('/api/auth/refresh', { refreshToken })
  await process.get('/api/auth/me', `${accessToken}x`)
  const { privateKey } = await process.dependencies.keys.signer(identity.clock.now)
  const secrets = [
    goodPassword,
    adminPassword,
    refreshToken,
    accessToken,
    admin.refreshToken,
    admin.accessToken,
    refreshed.body.refreshToken,
    refreshed.body.accessToken,
    String(privateKey.export({ format: 'jwk' }).d),
    privateKey.export({ type: 'pkcs8', format: 'der' }).toString('hex')
  ]
  const tables = ['accounts', 'login_failures', 'sessions', 'refresh_tokens', 'signing_keys', 'outbox']
  const stored = (await Promise.all(tables.map(async (table) => await dump(process.pool, table)))).join('\n')
  expect(stored).toContain(account.email)
  for (const secret of secrets) {
    expect(stored.includes(secret)).toBe(false)
    expect(identity.logged().includes(secret)).toBe(false)
  }
  expect(stored).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
  expect(identity.logged()).not.toContain('$argon2id$')
  expect(identity.logged()).not.toContain('by our own mistake')
})
