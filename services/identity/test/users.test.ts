import type { User } from '@gavel/contracts/api/identity.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  anEmail,
  anIdentity,
  goodPassword,
  registered,
  signedInAdmin,
  type Identity,
  type Process
} from './identity.ts'

let identity: Identity
let process: Process
let admin: { token: string; userId: string }
beforeAll(async () => {
  identity = await anIdentity()
  process = await identity.start()
  const { accessToken: token, account } = await signedInAdmin(process)
  admin = { token, userId: account.userId }
})
afterAll(async () => await identity.release())

const logIn = async (email: string) => await process.post('/api/auth/login', { email, password: goodPassword })
const list = async (query: string) => (await process.get(`/api/users?${query}`, admin.token)).body.items as User[]
const send = async (method: 'POST' | 'PUT' | 'DELETE', url: string, body?: object, token = admin.token) => {
  const answer = await process.app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { payload: body })
  })
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() }
}
/** What the audit was told of the last act. */
const lastAct = async () => {
  const { rows } = await process.pool.query(`select value from outbox where topic = 'audit' order by id desc limit 1`)
  return JSON.parse(rows[0].value)
}

describe('accounts are listed for admins', () => {
  test('by the beginning of an address or a name, whatever stands in it, by role and by lock', async () => {
    const email = `find_me%${anEmail()}`
    const found = await registered(process, email)
    await registered(process, email.replace('find_me%', 'findXmeX'))
    expect((await list('search=FIND_me%25')).map(({ userId }) => userId)).toEqual([found.account.userId])
    expect((await list('role=admin')).map(({ userId }) => userId)).toEqual([admin.userId])
    expect((await list('search=ad')).length).toBeGreaterThan(1)
    expect(await list('locked=true')).toEqual([])
    expect(JSON.stringify(await list('limit=200'))).not.toMatch(/password|argon/i)
  })

  test('page by page, each once, newest first', async () => {
    for (let round = 0; round < 5; round += 1) await registered(process)
    const all = await list('limit=200')
    const seen: User[] = []
    let cursor: string | undefined
    do {
      const { body } = await process.get(`/api/users?limit=2${cursor ? `&cursor=${cursor}` : ''}`, admin.token)
      seen.push(...body.items)
      cursor = body.nextCursor
    } while (cursor !== undefined)
    expect(seen).toEqual(all)
    expect(seen.map(({ registeredAt }) => registeredAt)).toEqual(
      seen.map(({ registeredAt }) => registeredAt).toSorted((a, b) => b - a)
    )
    expect((await process.get('/api/users?cursor=nonsense', admin.token)).body.code).toBe('INVALID_INPUT')
  })
})

describe('an admin', () => {
  test('locks an account: its sign-ins end, nobody signs in, and only who knows the password is told why', async () => {
    const { account, refreshToken } = await registered(process)
    const url = `/api/users/${account.userId}`
    expect(await send('POST', `${url}/lock`, { reason: 'fraud' })).toMatchObject({
      status: 200,
      body: { locked: { by: admin.userId, reason: 'fraud' } }
    })
    expect(await lastAct()).toMatchObject({
      operation: 'lockUser',
      userId: admin.userId,
      subject: account.userId,
      reason: 'fraud',
      outcome: 'done'
    })
    expect((await process.post('/api/auth/refresh', { refreshToken })).body.code).toBe('REFRESH_TOKEN_INVALID')
    expect(await logIn(account.email)).toMatchObject({ status: 403, body: { code: 'ACCOUNT_DISABLED' } })
    const wrong = await process.post('/api/auth/login', { email: account.email, password: 'a wrong guess' })
    expect(wrong.body.code).toBe('CREDENTIALS_WRONG')
    expect((await list('locked=true')).map(({ userId }) => userId)).toEqual([account.userId])
    expect((await send('POST', `${url}/unlock`, { reason: 'a mistake' })).body).not.toHaveProperty('locked')
    expect((await logIn(account.email)).status).toBe(200)
  })

  test('changes a role: it is in the next token, and the last ones end', async () => {
    const { account, refreshToken } = await registered(process)
    const url = `/api/users/${account.userId}/role`
    expect((await send('PUT', url, { role: 'admin', reason: 'a new colleague' })).body.role).toBe('admin')
    expect((await process.post('/api/auth/refresh', { refreshToken })).body.code).toBe('REFRESH_TOKEN_INVALID')
    const colleague = (await logIn(account.email)).body.accessToken as string
    expect((await process.get('/api/users', colleague)).status).toBe(200)
    expect((await send('PUT', url, { role: 'bidder', reason: 'gone' })).body.role).toBe('bidder')
  })

  test('does neither to themselves, nor to nobody, nor without a reason', async () => {
    const own = `/api/users/${admin.userId}`
    expect((await send('POST', `${own}/lock`, { reason: 'x' })).body.code).toBe('OWN_ACCOUNT')
    expect((await send('PUT', `${own}/role`, { role: 'bidder', reason: 'x' })).body.code).toBe('OWN_ACCOUNT')
    expect(await lastAct()).toMatchObject({ operation: 'changeUserRole', outcome: 'refused', code: 'OWN_ACCOUNT' })
    for (const path of ['lock', 'unlock', 'erase', 'sessions/end'])
      expect((await send('POST', `/api/users/nobody/${path}`, { reason: 'x' })).body.code).toBe('USER_NOT_FOUND')
    expect((await send('POST', `${own}/lock`, {})).body.code).toBe('INVALID_INPUT')
  })
})

describe('sign-ins', () => {
  test('are seen and ended by their owner', async () => {
    const { account, accessToken } = await registered(process)
    identity.clock.now += 1_000
    const second = (await logIn(account.email)).body
    identity.clock.now += 1_000
    const third = (await logIn(account.email)).body
    const seen = async () => (await process.get('/api/auth/sessions', third.accessToken)).body.items
    const before = await seen()
    expect(before.map(({ current }: { current: boolean }) => current)).toEqual([true, false, false])
    expect((await send('DELETE', `/api/auth/sessions/${before[1].sessionId}`, undefined, accessToken)).status).toBe(204)
    expect((await process.post('/api/auth/refresh', { refreshToken: second.refreshToken })).body.code).toBe(
      'REFRESH_TOKEN_INVALID'
    )
    const others = await send('POST', '/api/auth/sessions/end-others', undefined, third.accessToken)
    expect(others).toEqual({ status: 200, body: { ended: 1 } })
    expect((await seen()).map(({ sessionId }: { sessionId: string }) => sessionId)).toEqual([before[0].sessionId])
  })

  test('of another are nobody’s business but an admin’s', async () => {
    const [one, other] = [await registered(process), await registered(process)]
    const [session] = (await process.get('/api/auth/sessions', one.accessToken)).body.items
    const url = `/api/auth/sessions/${session.sessionId}`
    expect((await send('DELETE', url, undefined, other.accessToken)).body.code).toBe('SESSION_NOT_FOUND')
    const theirs = `/api/users/${one.account.userId}/sessions`
    expect((await process.get(theirs, admin.token)).body.items).toMatchObject([{ sessionId: session.sessionId }])
    expect((await send('POST', `${theirs}/end`, { reason: 'a stolen phone' })).body).toEqual({ ended: 1 })
    expect((await process.get(theirs, admin.token)).body.items).toEqual([])
  })
})
