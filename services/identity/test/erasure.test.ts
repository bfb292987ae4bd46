import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  anEmail,
  anIdentity,
  dump,
  goodPassword,
  registered,
  signedInAdmin,
  type Identity,
  type Process
} from './identity.ts'

let identity: Identity
let process: Process
beforeAll(async () => {
  identity = await anIdentity()
  process = await identity.start()
})
afterAll(async () => await identity.release())

/** Everything the database holds but what is on its way to Kafka. */
async function everything(): Promise<string> {
  const { rows } = await process.pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_name <> 'outbox'`
  )
  return (await Promise.all(rows.map(({ name }) => dump(process.pool, name)))).join('\n')
}
const events = async (userId: string) => {
  const { rows } = await process.pool.query('select topic, headers, value from outbox where key = $1 order by id', [
    userId
  ])
  return rows.map(({ topic, headers, value }) => ({ topic, type: headers.ce_type as string, data: JSON.parse(value) }))
}

test('a person gets what is known of them, and where the rest is', async () => {
  const { account, accessToken } = await registered(process)
  const { status, body } = await process.get('/api/auth/me/data', accessToken)
  expect(status).toBe(200)
  expect(body).toMatchObject({ account: { email: account.email, displayName: 'Ada' }, sessions: [{ current: true }] })
  expect(body.elsewhere).toEqual(expect.arrayContaining(['/api/orders', '/api/notifications', '/api/payment-method']))
})

test('an erased person is in no table any more; what is left is an id, and others are told', async () => {
  const email = anEmail()
  const { account, accessToken, refreshToken } = await registered(process, email)
  await process.post('/api/auth/login', { email, password: 'a wrong guess' })
  await process.post('/api/auth/password/forgot', { email })
  expect(await everything()).toContain(email)
  const wrong = await process.post('/api/auth/me/erase', { password: 'a wrong guess' }, accessToken)
  expect(wrong.body.code).toBe('CREDENTIALS_WRONG')
  expect((await process.post('/api/auth/me/erase', { password: goodPassword }, accessToken)).status).toBe(204)

  expect(await everything()).not.toContain(email)
  expect(await everything()).toContain(account.userId)
  const told = await events(account.userId)
  expect(told.map(({ topic, type }) => `${topic} ${type}`)).toEqual([
    'users gavel.UserRegistered.v2',
    'contacts gavel.ContactChanged.v1',
    'contacts gavel.ContactErased.v1',
    'users gavel.AccountErased.v1'
  ])
  // What the log of events keeps for good names nobody.
  const kept = told.filter(({ topic }) => topic !== 'contacts')
  expect(JSON.stringify(kept)).not.toContain(email)
  expect(JSON.stringify(kept)).not.toContain('Ada')

  expect((await process.get('/api/auth/me', accessToken)).status).toBe(401)
  expect((await process.get('/api/auth/me/data', accessToken)).status).toBe(401)
  expect((await process.post('/api/auth/refresh', { refreshToken })).body.code).toBe('REFRESH_TOKEN_INVALID')
  expect((await process.post('/api/auth/login', { email, password: goodPassword })).body.code).toBe('CREDENTIALS_WRONG')
  // Nothing is left that could be erased again, and the address is free.
  expect((await process.post('/api/auth/me/erase', { password: goodPassword }, accessToken)).status).toBe(401)
  expect((await registered(process, email)).account.userId).not.toBe(account.userId)
})

test('an admin erases a bidder, once, and no admin', async () => {
  const admin = await signedInAdmin(process)
  const { account } = await registered(process)
  const erase = async (userId: string) =>
    await process.post(`/api/users/${userId}/erase`, { reason: 'asked for by letter' }, admin.accessToken)
  const first = await erase(account.userId)
  expect(first).toMatchObject({ status: 200, body: { displayName: 'Erased account', emailVerified: false } })
  expect((await erase(account.userId)).body).toEqual(first.body)
  expect((await events(account.userId)).filter(({ type }) => type.includes('Erased'))).toHaveLength(2)
  expect((await erase(admin.account.userId)).body.code).toBe('ADMIN_NOT_ERASED')
})
