import { afterEach, beforeEach, expect, test } from 'vitest'
import { Secret } from '@gavel/platform/config.ts'
import { ensureFirstAdmin } from '../src/first-admin.ts'
import {
  adminPassword,
  anIdentity,
  count,
  goodPassword,
  registered,
  signedInAdmin,
  type Identity,
  type Process
} from './identity.ts'

let identity: Identity
let process: Process
beforeEach(async () => {
  identity = await anIdentity()
  process = await identity.start()
})
afterEach(async () => await identity.release())

const email = 'admin@example.org'
const ensure = async (password: string, by = process) =>
  await ensureFirstAdmin(by.dependencies, {
    email: new Secret(' Admin@Example.org'),
    password: new Secret(password)
  })
const logIn = async (password: string) => await process.post('/api/auth/login', { email, password })

test('without a configuration there is none', async () => {
  expect(await ensureFirstAdmin(process.dependencies, { email: undefined, password: undefined })).toBe('not-configured')
  expect(await ensureFirstAdmin(process.dependencies, { email: new Secret(email), password: undefined })).toBe(
    'not-configured'
  )
  expect(await count(process.pool, 'accounts')).toBe(0)
})

test('is made once, announced once, and left as it was by the next start', async () => {
  expect(await ensure(adminPassword)).toBe('made')
  const { body } = await logIn(adminPassword)
  expect(body.account).toMatchObject({ email, role: 'admin' })
  expect(await ensure(adminPassword)).toBe('as-it-was')
  expect((await process.post('/api/auth/refresh', { refreshToken: body.refreshToken })).status).toBe(200)
  expect([await count(process.pool, 'accounts'), await count(process.pool, 'outbox')]).toEqual([1, 2])
})

test('is one, however many processes start at once', async () => {
  const processes = [process, await identity.start(), await identity.start()]
  const outcomes = await Promise.all(processes.map(async (each) => await ensure(adminPassword, each)))
  expect(outcomes.toSorted()).toEqual(['as-it-was', 'as-it-was', 'made'])
  expect([await count(process.pool, 'accounts'), await count(process.pool, 'outbox')]).toEqual([1, 2])
  expect((await logIn(adminPassword)).status).toBe(200)
})

test('takes a new password from the configuration, and whoever was signed in must sign in again', async () => {
  const before = await signedInAdmin(process, email)
  const processes = [process, await identity.start(), await identity.start()]
  const outcomes = await Promise.all(processes.map(async (each) => await ensure('another set of keys', each)))
  expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(1)
  expect((await logIn(adminPassword)).body.code).toBe('CREDENTIALS_WRONG')
  expect((await logIn('another set of keys')).status).toBe(200)
  expect((await process.post('/api/auth/refresh', { refreshToken: before.refreshToken })).body.code).toBe(
    'REFRESH_TOKEN_INVALID'
  )
})

test('takes over an account that somebody made under its address before', async () => {
  const squatter = await registered(process, email)
  expect(await ensure(adminPassword)).toBe('changed')
  expect((await logIn(goodPassword)).body.code).toBe('CREDENTIALS_WRONG')
  expect((await logIn(adminPassword)).body.account).toMatchObject({ role: 'admin', userId: squatter.account.userId })
  expect((await process.post('/api/auth/refresh', { refreshToken: squatter.refreshToken })).status).toBe(401)
})

test('with a weak password is made all the same, and the log says so without the password', async () => {
  expect(await ensure('weakling')).toBe('made')
  expect(identity.logged()).toContain('ADMIN_PASSWORD is weak')
  expect(identity.logged()).not.toContain('weakling')
})
