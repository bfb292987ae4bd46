import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { upkeepRound } from '../src/upkeep.ts'
import { sessionPolicy } from '../src/domain/session.ts'
import { anIdentity, count, goodPassword, registered, type Identity, type Process } from './identity.ts'

let identity: Identity
let process: Process
let other: Process
beforeAll(async () => {
  identity = await anIdentity()
  process = await identity.start()
  other = await identity.start()
})
afterAll(async () => await identity.release())

const refresh = async (refreshToken: string, by = process) => await by.post('/api/auth/refresh', { refreshToken })
const signIn = async (email: string) => (await process.post('/api/auth/login', { email, password: goodPassword })).body

describe('refreshing', () => {
  test('trades a token for a new pair, again and again', async () => {
    let { refreshToken, account } = await registered(process)
    for (let round = 0; round < 3; round += 1) {
      const answer = await refresh(refreshToken, round % 2 === 0 ? process : other)
      expect(answer).toMatchObject({ status: 200, body: { account } })
      expect(answer.body.refreshToken).not.toBe(refreshToken)
      expect((await process.get('/api/auth/me', answer.body.accessToken)).status).toBe(200)
      refreshToken = answer.body.refreshToken
    }
  })

  test('with a token used before ends every token of that sign-in, and of no other', async () => {
    const first = await registered(process)
    const elsewhere = await signIn(first.account.email)
    const second = (await refresh(first.refreshToken)).body
    const third = (await refresh(second.refreshToken)).body
    expect(await refresh(first.refreshToken)).toMatchObject({ status: 401, body: { code: 'REFRESH_TOKEN_REUSED' } })
    expect(await refresh(third.refreshToken)).toMatchObject({ status: 401, body: { code: 'REFRESH_TOKEN_INVALID' } })
    expect(await refresh(second.refreshToken)).toMatchObject({ status: 401, body: { code: 'REFRESH_TOKEN_REUSED' } })
    expect((await refresh(elsewhere.refreshToken)).status).toBe(200)
    expect(identity.logged()).toContain('A refresh token came twice')
  })

  test('two at once with one token, in two processes: one wins, the other is told of the reuse', async () => {
    for (let round = 0; round < 25; round += 1) {
      const { refreshToken } = await registered(process)
      const answers = await Promise.all([
        refresh(refreshToken, process),
        refresh(refreshToken, other),
        refresh(refreshToken, process)
      ])
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401])
      expect(answers.filter(({ body }) => body.code === 'REFRESH_TOKEN_REUSED')).toHaveLength(2)
      const winner = answers.find(({ status }) => status === 200)
      expect(await refresh(winner?.body.refreshToken)).toMatchObject({ body: { code: 'REFRESH_TOKEN_INVALID' } })
    }
  })

  test('two at once with two sign-ins do not disturb each other', async () => {
    const { account } = await registered(process)
    const [a, b] = [await signIn(account.email), await signIn(account.email)]
    const answers = await Promise.all([refresh(a.refreshToken), refresh(b.refreshToken, other)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  test.each(['unknown', 'x'.repeat(512), 'A'.repeat(43)])('with the unknown token %s is refused', async (token) => {
    expect(await refresh(token)).toMatchObject({ status: 401, body: { code: 'REFRESH_TOKEN_INVALID' } })
  })

  test.each([
    {},
    { refreshToken: 5 },
    { refreshToken: '' },
    { refreshToken: 'x'.repeat(513) },
    { refreshToken: 'x', more: 1 }
  ])('with the body %j is bad input', async (body) => {
    expect(await process.post('/api/auth/refresh', body)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT' }
    })
  })

  test('an idle sign-in ends, and so does the oldest one however busy', async () => {
    const start = identity.clock.now
    try {
      const idle = await registered(process)
      let busy = await registered(process)
      while (identity.clock.now + sessionPolicy.idleMs - 1_000 < start + sessionPolicy.lifetimeMs) {
        identity.clock.now += sessionPolicy.idleMs - 1_000
        busy = (await refresh(busy.refreshToken)).body
      }
      expect(busy.refreshTokenExpiresAt).toBe(start + sessionPolicy.lifetimeMs)
      expect((await refresh(idle.refreshToken)).body).toMatchObject({ code: 'REFRESH_TOKEN_INVALID' })
      identity.clock.now = start + sessionPolicy.lifetimeMs
      expect((await refresh(busy.refreshToken)).body).toMatchObject({ code: 'REFRESH_TOKEN_INVALID' })
    } finally {
      identity.clock.now = start
    }
  })
})

describe('logging out', () => {
  test('ends the sign-in of the token and no other', async () => {
    const { account, refreshToken } = await registered(process)
    const elsewhere = await signIn(account.email)
    expect(await process.post('/api/auth/logout', { refreshToken })).toMatchObject({ status: 204, body: undefined })
    expect((await refresh(refreshToken)).body).toMatchObject({ code: 'REFRESH_TOKEN_INVALID' })
    expect(await process.post('/api/auth/logout', { refreshToken })).toMatchObject({
      status: 401,
      body: { code: 'REFRESH_TOKEN_INVALID' }
    })
    expect((await refresh(elsewhere.refreshToken)).status).toBe(200)
  })

  test('that crosses a refresh leaves no live token', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { refreshToken } = await registered(process)
      const [out, renewed] = await Promise.all([
        process.post('/api/auth/logout', { refreshToken }),
        refresh(refreshToken, other)
      ])
      expect(out.status).toBe(204)
      const live = renewed.status === 200 ? renewed.body.refreshToken : refreshToken
      expect((await refresh(live)).status).toBe(401)
    }
  })
})

test('an account has a bounded number of sign-ins: the oldest end', async () => {
  const first = await registered(process)
  await process.pool.query(
    `insert into sessions (session_id, user_id, started_at, last_used_at, expires_at)
     select 'filler-' || n, $1, now() + n * interval '1 second', now(), now() + interval '1 day' from generate_series(1, $2::int) n`,
    [first.account.userId, sessionPolicy.perAccountMax]
  )
  identity.clock.now += 3_600_000
  const newest = await signIn(first.account.email)
  expect((await refresh(first.refreshToken)).body).toMatchObject({ code: 'REFRESH_TOKEN_INVALID' })
  expect((await refresh(newest.refreshToken)).status).toBe(200)
  const { rows } = await process.pool.query(
    'select count(*)::int as live from sessions where user_id = $1 and ended_at is null',
    [first.account.userId]
  )
  expect(rows[0].live).toBe(sessionPolicy.perAccountMax)
})

test('what has expired is removed in batches, what may still be reused by a thief is kept', async () => {
  const { refreshToken, account } = await registered(process)
  await refresh(refreshToken)
  await process.post('/api/auth/login', { email: account.email, password: 'a wrong password' })
  await process.pool.query(
    `insert into refresh_tokens (token_sha256, session_id, issued_at, expires_at, used_at)
     select sha256(n::text::bytea), (select session_id from sessions where user_id = $1), now(), to_timestamp($2::float8 / 1000), now()
     from generate_series(1, 2500) n`,
    [account.userId, identity.clock.now - 1]
  )
  const before = await count(process.pool, 'refresh_tokens')
  await Promise.all([upkeepRound(process.dependencies), upkeepRound(other.dependencies)])
  expect(await count(process.pool, 'refresh_tokens')).toBe(before - 2500)
  expect((await refresh(refreshToken)).body).toMatchObject({ code: 'REFRESH_TOKEN_REUSED' })

  const now = identity.clock.now
  identity.clock.now += sessionPolicy.lifetimeMs + 1
  await upkeepRound(process.dependencies)
  expect([
    await count(process.pool, 'refresh_tokens'),
    await count(process.pool, 'sessions'),
    await count(process.pool, 'login_failures')
  ]).toEqual([0, 0, 0])
  expect(await count(process.pool, 'accounts')).toBeGreaterThan(0)
  identity.clock.now = now
})
