import { UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, context, json, logged, otherKey, problemOf, sign, startThings, stored } from './support/things.ts'

beforeAll(startThings)

afterAll(async () => {
  expect(await context.closers.closeAll(10_000)).toBe(true)
})

describe('an operation', () => {
  it('gives its handler what the schemas describe, and sends only what they describe', async () => {
    const response = await call('POST', '/api/things/a-1', {
      token: await sign(),
      body: { count: 3, colour: 'red', parts: [{ name: 'x' }] }
    })
    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({ id: 'a-1', count: 3, caller: 'user-1' })
  })

  it('reads numbers from a query and fills in defaults', async () => {
    expect(await (await call('GET', '/api/things?limit=7')).json()).toMatchObject({ count: 7 })
    expect(await (await call('GET', '/api/things')).json()).toEqual({ id: 'all', count: 10, caller: null })
  })

  it('answers 204 without a body', async () => {
    const response = await call('DELETE', '/api/things/a', { token: await sign({ role: 'admin' }), headers: json })
    expect([response.status, await response.text()]).toEqual([204, ''])
  })
})

describe('who may call', () => {
  const attempts: [string, () => Promise<string | undefined>][] = [
    ['no token', async () => undefined],
    ['nonsense', async () => 'nonsense'],
    ['an expired token', async () => await sign({}, { expires: '-1s' })],
    ['a token signed with another key', async () => await sign({}, { key: otherKey })],
    ['a token of another issuer', async () => await sign({}, { issuer: 'someone' })],
    ['a token for another audience', async () => await sign({}, { audience: 'someone' })],
    [
      'an unsigned token',
      async () =>
        new UnsecuredJWT({ role: 'admin' })
          .setSubject('user-1')
          .setIssuer('issuer')
          .setAudience('audience')
          .setExpirationTime('1h')
          .encode()
    ],
    ['a token with an unknown role', async () => await sign({ role: 'emperor' })],
    ['a token without a role', async () => await sign({ role: undefined })],
    ['a token of 10,000 characters', async () => 'a'.repeat(10_000)]
  ]
  it.each(attempts)('%s is 401, nothing is stored, and the header says how', async (_name, token) => {
    const before = stored
    const given = await token()
    const response = await call('POST', '/api/things/a', {
      body: { count: 1 },
      ...(given === undefined ? {} : { token: given })
    })
    expect(await problemOf(response)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(stored).toBe(before)
  })

  it('a wrong token is 401 on a public operation too', async () => {
    expect(await problemOf(await call('GET', '/api/things', { token: 'nonsense' }))).toMatchObject({
      code: 'UNAUTHENTICATED'
    })
    expect(
      await problemOf(await call('GET', '/api/things', { headers: { authorization: 'Basic YTpi' } }))
    ).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('a right token is known on a public operation', async () => {
    expect(await (await call('GET', '/api/things', { token: await sign() })).json()).toMatchObject({ caller: 'user-1' })
  })

  it('a bidder is refused what is for admins, and an admin may do what bidders may', async () => {
    expect(await problemOf(await call('DELETE', '/api/things/a', { token: await sign() }))).toMatchObject({
      status: 403,
      code: 'FORBIDDEN'
    })
    expect(
      (await call('POST', '/api/things/a', { token: await sign({ role: 'admin' }), body: { count: 1 } })).status
    ).toBe(201)
  })

  it('a remembered token ends when it ends', async () => {
    const token = await sign({}, { expires: '1s' })
    const answers = new Set<number>()
    const end = performance.now() + 5000
    while (!answers.has(401) && performance.now() < end)
      answers.add((await call('POST', '/api/things/a', { token, body: { count: 1 } })).status)
    expect([...answers]).toContain(401)
  })
})

describe('what breaks inside', () => {
  it('tells the caller nothing but that, and the log everything but secrets', async () => {
    for (const [how, status, code] of [
      ['fault', 503, 'UNAVAILABLE'],
      ['driver', 503, 'UNAVAILABLE'],
      ['bug', 500, 'INTERNAL']
    ] as const) {
      const response = await call('POST', `/api/fail/${how}`)
      const problem = await problemOf(response)
      expect(problem).toMatchObject({ status, code })
      expect(JSON.stringify(problem)).not.toMatch(/hunter2|10\.0\.0\.1/)
    }
    expect(logged.some((line) => line.includes('undefined is not a function') && line.includes('things.ts'))).toBe(true)
  })

  it('a refusal says when to come again', async () => {
    const response = await call('POST', '/api/fail/refusal')
    expect(await problemOf(response)).toMatchObject({ status: 429, code: 'RATE_LIMITED', retryAfterMs: 2500 })
    expect(response.headers.get('retry-after')).toBe('3')
  })
})

describe('besides the operations', () => {
  it('/livez, /readyz with each part, /metrics, /openapi.json and /docs are served', async () => {
    context.health.add('always', () => undefined)
    context.health.add(
      'optional',
      () => {
        throw new Error('away')
      },
      { critical: false }
    )
    expect(await (await call('GET', '/livez')).json()).toEqual({ status: 'alive' })
    expect(await (await call('GET', '/readyz')).json()).toEqual({
      status: 'ready',
      parts: { always: { status: 'up' }, optional: { status: 'down', error: 'away' } }
    })
    const metrics = await (await call('GET', '/metrics')).text()
    expect(metrics).toMatch(
      /http_server_request_duration_seconds_count\{method="POST",route="\/api\/things\/:id",status="201",service="platform"\} \d+/
    )
    expect(metrics).toMatch(/nodejs_eventloop_lag_p99_seconds/)
    expect(await (await call('GET', '/openapi.json')).json()).toMatchObject({
      openapi: '3.1.1',
      paths: expect.objectContaining({ '/api/auth/login': expect.anything() })
    })
    const page = await call('GET', '/docs')
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await (await call('GET', '/docs/json')).json()).toMatchObject({ info: { title: 'Gavel: identity' } })
  })

  it('a critical part that is down, or slow to answer, makes the service not ready', async () => {
    context.health.add('critical', async () => await new Promise<void>(() => undefined), { timeoutMs: 20 })
    const response = await call('GET', '/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      status: 'not-ready',
      parts: { critical: { status: 'down', error: 'no answer within 20 ms' } }
    })
  })
})

it('no token and no body was logged in all of this', () => {
  expect(logged.join('')).not.toMatch(/eyJ[\w-]+\.[\w-]+|nonsense/)
})
