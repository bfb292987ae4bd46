import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockOut } from '../src/domain/lock-out.ts'
import { anEmail, anIdentity, goodPassword, registered, type Identity, type Process } from './identity.ts'

let identity: Identity
let process: Process
let other: Process
beforeAll(async () => {
  identity = await anIdentity()
  process = await identity.start()
  other = await identity.start()
})
afterAll(async () => await identity.release())

const guess = async (email: string, by = process) =>
  await by.post('/api/auth/login', { email, password: 'a wrong guess' })
const logIn = async (email: string, by = process) => await by.post('/api/auth/login', { email, password: goodPassword })
const fail = async (email: string, times: number) => {
  for (let round = 0; round < times; round += 1) expect((await guess(email)).body.code).toBe('CREDENTIALS_WRONG')
}

describe('after too many failures', () => {
  test('the account is locked even for the right password, in every process, and says for how long', async () => {
    const { account } = await registered(process)
    await fail(account.email, lockOut.attemptsFree)
    for (const by of [process, other]) {
      const locked = await logIn(account.email, by)
      expect(locked).toMatchObject({ status: 429, body: { code: 'ACCOUNT_LOCKED', retryAfterMs: lockOut.firstLockMs } })
      expect(locked.headers['retry-after']).toBe(String(lockOut.firstLockMs / 1000))
    }
  })

  test('each further failure doubles the wait, and success forgets', async () => {
    const { account } = await registered(process)
    await fail(account.email, lockOut.attemptsFree)
    identity.clock.now += lockOut.firstLockMs
    await fail(account.email, 1)
    expect((await logIn(account.email)).body).toMatchObject({
      code: 'ACCOUNT_LOCKED',
      retryAfterMs: lockOut.firstLockMs * 2
    })
    identity.clock.now += lockOut.firstLockMs * 2
    expect((await logIn(account.email)).status).toBe(200)
    await fail(account.email, lockOut.attemptsFree - 1)
    expect((await logIn(account.email)).status).toBe(200)
  })

  test('a day without a failure forgets too', async () => {
    const { account } = await registered(process)
    await fail(account.email, lockOut.attemptsFree - 1)
    identity.clock.now += lockOut.forgetAfterMs + 1
    await fail(account.email, lockOut.attemptsFree - 1)
    expect((await logIn(account.email)).status).toBe(200)
  })

  test('an unknown address is locked in the same way', async () => {
    const email = anEmail()
    await fail(email, lockOut.attemptsFree)
    expect(await guess(email)).toMatchObject({
      status: 429,
      body: { code: 'ACCOUNT_LOCKED', retryAfterMs: lockOut.firstLockMs }
    })
  })

  test('refreshing goes on: who is signed in is not thrown out by a stranger', async () => {
    const { account, refreshToken } = await registered(process)
    await fail(account.email, lockOut.attemptsFree)
    expect((await process.post('/api/auth/refresh', { refreshToken })).status).toBe(200)
  })
})

describe('a burst', () => {
  test('of guesses gets no more than the free attempts', async () => {
    const { account } = await registered(process)
    const answers = await Promise.all(Array.from({ length: 40 }, async () => await guess(account.email)))
    expect(answers.filter(({ body }) => body.code === 'CREDENTIALS_WRONG')).toHaveLength(lockOut.attemptsFree)
    expect(answers.filter(({ body }) => body.code === 'ACCOUNT_LOCKED')).toHaveLength(40 - lockOut.attemptsFree)
  })

  test('over several processes gets one more for each, and every failure is counted', async () => {
    const { account } = await registered(process)
    const before = await process.pool.query('select coalesce(sum(failures), 0)::int as failures from login_failures')
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => await guess(account.email, index % 2 === 0 ? process : other))
    )
    const wrong = answers.filter(({ body }) => body.code === 'CREDENTIALS_WRONG').length
    expect(wrong).toBeGreaterThanOrEqual(lockOut.attemptsFree)
    expect(wrong).toBeLessThanOrEqual(lockOut.attemptsFree + 1)
    const after = await process.pool.query('select coalesce(sum(failures), 0)::int as failures from login_failures')
    expect(after.rows[0].failures - before.rows[0].failures).toBe(wrong)
  })

  test('of right passwords is served to the last', async () => {
    const { account } = await registered(process)
    const answers = await Promise.all(Array.from({ length: 30 }, async () => await logIn(account.email)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200))
  })

  test('of log-ins leaves the process able to answer: cheap requests are served before the burst is over', async () => {
    const burst = Promise.all(Array.from({ length: 200 }, async () => await guess(anEmail())))
    let over = false
    void burst.then(() => (over = true))
    const alive = await process.get('/livez')
    expect(alive.status).toBe(200)
    expect(over).toBe(false)
    expect((await burst).every(({ status }) => status === 401)).toBe(true)
  })

  test('beyond what may wait is told to come back, and nothing is counted against anybody', async () => {
    const email = anEmail()
    const answers = await Promise.all(Array.from({ length: 80 }, async () => await guess(email)))
    const refused = answers.filter(({ body }) => body.code === 'RATE_LIMITED')
    expect(refused).toHaveLength(80 - 65)
    expect(refused.every(({ status, headers }) => status === 429 && headers['retry-after'] === '1')).toBe(true)
  })
})
