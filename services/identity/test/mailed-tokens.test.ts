import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { mailedTokens } from '../src/domain/mailed-token.ts'
import { anEmail, anIdentity, dump, goodPassword, registered, type Identity, type Process } from './identity.ts'
import { aMailbox, type Mailbox } from './mailbox.ts'

const newPassword = 'another way back home'
let identity: Identity
let process: Process
let mailbox: Mailbox
beforeAll(async () => {
  identity = await anIdentity()
  process = await identity.start()
  mailbox = await aMailbox()
  mailbox.serve(process)
})
afterAll(async () => {
  await identity.release()
  await mailbox.close()
})

const verify = async (token: string) => await process.post('/api/auth/email/verify', { token })
const forgot = async (email: string) => await process.post('/api/auth/password/forgot', { email })
const reset = async (token: string, password = newPassword) =>
  await process.post('/api/auth/password/reset', { token, password })
const logIn = async (email: string, password: string) => await process.post('/api/auth/login', { email, password })
const invalid = { status: 422, body: { code: 'MAILED_TOKEN_INVALID' } }
const queued = async (email: string): Promise<number> =>
  Number((await process.pool.query('select count(*) as count from mail_queue where email = $1', [email])).rows[0].count)
const settled = async (email: string): Promise<void> => {
  await eventually(async () => {
    const { rows } = await process.pool.query('select from mail_queue where email = $1 and done_at is null', [email])
    return rows.length === 0
  })
}

describe('an address', () => {
  test('is verified by the mail that registration sends, once', async () => {
    const { account, accessToken } = await registered(process)
    expect(account.emailVerified).toBe(false)
    const token = await mailbox.token(account.email, 'verify-email')
    expect((await verify(token)).status).toBe(204)
    expect((await process.get('/api/auth/me', accessToken)).body.emailVerified).toBe(true)
    expect(await verify(token)).toMatchObject(invalid)
    // There is nothing to send any more.
    expect((await process.post('/api/auth/email/verification', undefined, accessToken)).status).toBe(202)
    await settled(account.email)
    expect(mailbox.count(account.email)).toBe(1)
  })

  test('is not verified too late, by a token of another purpose, or by a guess', async () => {
    const { account, accessToken } = await registered(process)
    const token = await mailbox.token(account.email, 'verify-email')
    expect(await reset(token)).toMatchObject(invalid)
    expect(await verify('x'.repeat(43))).toMatchObject(invalid)
    identity.clock.now += mailedTokens.lifetimeMs['verify-email']
    expect(await verify(token)).toMatchObject(invalid)
    const again = await process.post('/api/auth/login', { email: account.email, password: goodPassword })
    await process.post('/api/auth/email/verification', undefined, again.body.accessToken)
    expect((await verify(await mailbox.token(account.email, 'verify-email', 2))).status).toBe(204)
    expect((await process.get('/api/auth/me', accessToken)).status).toBe(401)
  })

  test('gets its mail though the mail server was away', async () => {
    mailbox.open = false
    const { account } = await registered(process)
    await eventually(async () => {
      const { rows } = await process.pool.query('select attempts from mail_queue where email = $1', [account.email])
      return rows[0].attempts > 0
    })
    mailbox.open = true
    identity.clock.now += 60_000
    await mailbox.token(account.email, 'verify-email')
  })
})

describe('a forgotten password', () => {
  test('is set anew by the mail, which ends every sign-in, lifts the lock, verifies the address, and works once', async () => {
    const { account, refreshToken } = await registered(process)
    for (let round = 0; round < 6; round += 1) await logIn(account.email, 'a wrong guess')
    expect((await logIn(account.email, goodPassword)).body.code).toBe('ACCOUNT_LOCKED')
    expect((await forgot(account.email)).status).toBe(202)
    const token = await mailbox.token(account.email, 'reset-password')
    // A mistake in the form does not cost the mail.
    expect((await reset(token, 'short')).body.code).toBe('PASSWORD_TOO_WEAK')
    const both = await Promise.all([reset(token), reset(token)])
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 422])
    expect((await logIn(account.email, goodPassword)).body.code).toBe('CREDENTIALS_WRONG')
    const signedIn = await logIn(account.email, newPassword)
    expect(signedIn).toMatchObject({ status: 200, body: { account: { emailVerified: true } } })
    expect((await process.post('/api/auth/refresh', { refreshToken })).body.code).toBe('REFRESH_TOKEN_INVALID')
  })

  test('the answer does not tell whether there is an account', async () => {
    const { account } = await registered(process)
    const nobody = anEmail()
    const [known, unknown] = [await forgot(` ${account.email.toUpperCase()} `), await forgot(nobody)]
    const told = ({ status, body, headers }: typeof known) => ({ status, body, names: Object.keys(headers) })
    expect(told(unknown)).toEqual(told(known))
    await mailbox.token(account.email, 'reset-password')
    await settled(nobody)
    expect(mailbox.count(nobody)).toBe(0)
  })

  test('an address gets so many mails and no more, whoever asks', async () => {
    for (const email of [(await registered(process)).account.email, anEmail()]) {
      const before = await queued(email)
      for (let round = 0; round < mailedTokens.mailsMax + 3; round += 1) expect((await forgot(email)).status).toBe(202)
      expect((await queued(email)) - before).toBe(mailedTokens.mailsMax)
    }
  })

  test('the token of one mail ends with the use of another, and is good for half an hour', async () => {
    const { account } = await registered(process)
    await forgot(account.email)
    const first = await mailbox.token(account.email, 'reset-password')
    await forgot(account.email)
    const second = await mailbox.token(account.email, 'reset-password', 2)
    expect((await reset(second)).status).toBe(204)
    expect(await reset(first)).toMatchObject(invalid)
    await forgot(account.email)
    const late = await mailbox.token(account.email, 'reset-password', 3)
    identity.clock.now += mailedTokens.lifetimeMs['reset-password']
    expect(await reset(late)).toMatchObject(invalid)
  })
})

test('a token stands in its mail and nowhere else: not in a table, not in an event, not in the log', async () => {
  const { account } = await registered(process)
  await forgot(account.email)
  const tokens = [
    await mailbox.token(account.email, 'verify-email'),
    await mailbox.token(account.email, 'reset-password')
  ]
  const { rows } = await process.pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public'`
  )
  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['mailed_tokens', 'mail_queue', 'outbox']))
  const everything =
    (await Promise.all(rows.map(({ name }) => dump(process.pool, name)))).join('\n') + identity.logged()
  for (const token of tokens) expect(everything.includes(token)).toBe(false)
})
