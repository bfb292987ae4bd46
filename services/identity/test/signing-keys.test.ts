import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { upkeepRound } from '../src/upkeep.ts'
import { anIdentity, count, registered, signedInAdmin, type Identity, type Process } from './identity.ts'

const propagationMs = 1_200_000
const maxAgeMs = 30 * 24 * 3_600_000
/** How long a process may go on with the keys that it knows. */
const freshMs = 5_000
let identity: Identity
let process: Process
beforeEach(async () => {
  identity = await anIdentity({ KEY_PROPAGATION_MS: String(propagationMs), KEY_MAX_AGE_MS: String(maxAgeMs) })
  process = await identity.start()
})
afterEach(async () => await identity.release())

const kids = async (by = process): Promise<string[]> =>
  (await by.get('/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid)
const signingKid = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
const signsNow = async (by = process): Promise<string> => signingKid((await registered(by)).accessToken)

describe('an admin who rotates the key', () => {
  test('has it published at once, in use after the propagation time, and the old one kept for its tokens', async () => {
    const admin = await signedInAdmin(process)
    const other = await identity.start()
    const [old] = await kids()
    const start = identity.clock.now

    const rotated = await process.post('/api/auth/keys/rotate', undefined, admin.accessToken)
    expect(rotated).toMatchObject({ status: 202, body: { signsFrom: start + propagationMs + freshMs } })
    expect(await kids()).toEqual([old, rotated.body.kid])
    expect(await signsNow()).toBe(old)
    identity.clock.now = start + freshMs
    expect(await kids(other)).toEqual([old, rotated.body.kid])

    identity.clock.now = rotated.body.signsFrom - 1
    const last = await registered(process)
    expect(signingKid(last.accessToken)).toBe(old)
    identity.clock.now = rotated.body.signsFrom
    expect([await signsNow(process), await signsNow(other)]).toEqual([rotated.body.kid, rotated.body.kid])

    identity.clock.now += 590_000
    await upkeepRound(process.dependencies)
    expect((await other.get('/api/auth/me', last.accessToken)).status).toBe(200)
    expect(await kids()).toEqual([old, rotated.body.kid])
    identity.clock.now += 600_000
    await upkeepRound(process.dependencies)
    expect(await kids(other)).toEqual([rotated.body.kid])
    expect(await count(process.pool, 'signing_keys')).toBe(1)
  })

  test('and asks again, or with others at the same time, gets the one key that waits', async () => {
    const admin = await signedInAdmin(process)
    const other = await identity.start()
    const answers = await Promise.all(
      Array.from(
        { length: 8 },
        async (_, index) =>
          await (index % 2 === 0 ? process : other).post('/api/auth/keys/rotate', undefined, admin.accessToken)
      )
    )
    expect(answers.every(({ status }) => status === 202)).toBe(true)
    expect(new Set(answers.map(({ body }) => body.kid)).size).toBe(1)
    expect(await count(process.pool, 'signing_keys')).toBe(2)
    const { rows } = await process.pool.query('select requested_by from signing_keys order by signs_from desc limit 1')
    expect(rows[0].requested_by).toBe(admin.account.userId)
    const told = await process.pool.query(
      `select value from outbox where headers ->> 'ce_type' = 'gavel.SigningKeyRequested.v1'`
    )
    expect(told.rows.map(({ value }) => JSON.parse(value))).toEqual([
      { ...answers[0]?.body, changedBy: admin.account.userId, changedAt: identity.clock.now }
    ])
  })

  test('must be one', async () => {
    const bidder = await registered(process)
    expect(await process.post('/api/auth/keys/rotate', undefined, bidder.accessToken)).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' }
    })
    expect(await process.post('/api/auth/keys/rotate')).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHENTICATED' }
    })
    expect(await count(process.pool, 'signing_keys')).toBe(1)
  })
})

test('a key that grows old is followed by one new key, however many processes see it', async () => {
  const processes = [process, await identity.start(), await identity.start(), await identity.start()]
  const rounds = async () =>
    await Promise.all(processes.map(async ({ dependencies }) => await upkeepRound(dependencies)))
  const [old] = await kids()
  identity.clock.now += maxAgeMs - propagationMs - freshMs - 1
  await rounds()
  expect(await kids()).toEqual([old])
  identity.clock.now += 1
  await rounds()
  const both = await kids()
  expect(both).toHaveLength(2)
  expect(await signsNow()).toBe(old)
  identity.clock.now += propagationMs + freshMs
  await rounds()
  expect(await kids()).toEqual(both)
  expect(await signsNow(processes[3])).toBe(both[1])
  const { rows } = await process.pool.query(
    'select count(*)::int as keys from signing_keys where private_key_encrypted is not null'
  )
  expect(rows[0].keys).toBe(1)
})

test('processes that start at once on an empty database share one key', async () => {
  await process.pool.query('delete from signing_keys')
  const processes = await Promise.all([identity.start(), identity.start(), identity.start()])
  expect(await count(process.pool, 'signing_keys')).toBe(1)
  expect(new Set(await Promise.all(processes.map(async (each) => await signsNow(each)))).size).toBe(1)
})

test('keys are read with the secret they were stored with and no other', async () => {
  const other = await identity.start({ KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') })
  await expect(upkeepRound(other.dependencies)).rejects.toThrow('KEY_ENCRYPTION_KEY')
  expect(
    (await other.post('/api/auth/register', { email: 'a@example.org', password: 'a long walk home', displayName: 'A' }))
      .status
  ).toBe(500)
  expect(await count(process.pool, 'accounts')).toBe(0)
})

test('with the database away, the known keys go on being published', async () => {
  const before = await kids()
  await process.pool.query('alter table signing_keys rename to elsewhere')
  identity.clock.now += 60_000
  expect(await kids()).toEqual(before)
  expect(identity.logged()).toContain('those in memory are used')
  await process.pool.query('alter table elsewhere rename to signing_keys')
})
