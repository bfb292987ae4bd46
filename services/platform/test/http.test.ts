import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineOperation } from '@gavel/contracts/define.ts'
import { errors } from '@gavel/contracts/errors.ts'
import { Fault, Refusal } from '@gavel/platform/errors.ts'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implement, listen, reply } from '@gavel/platform/http/server.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'

const closed = { additionalProperties: false }
const Body = Type.Object(
  {
    count: Type.Integer({ minimum: 1, maximum: 1000 }),
    colour: Type.Optional(Type.Union([Type.Literal('red'), Type.Literal('green')])),
    parts: Type.Optional(Type.Array(Type.Object({ name: Type.String({ maxLength: 5 }) }, closed), { maxItems: 3 }))
  },
  closed
)
const Answer = Type.Object(
  { id: Type.String(), count: Type.Integer(), caller: Type.Union([Type.String(), Type.Null()]) },
  closed
)
const common = { summary: 'For this test.', errors: [] } as const

const store = defineOperation({
  ...common,
  id: 'store',
  method: 'POST',
  path: '/api/things/:id',
  role: 'bidder',
  params: Type.Object({ id: Type.String({ pattern: '^[a-z0-9-]+$' }) }, closed),
  body: Body,
  responses: { 201: Answer }
})
const list = defineOperation({
  ...common,
  id: 'list',
  method: 'GET',
  path: '/api/things',
  role: 'public',
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: 10 })) }, closed),
  responses: { 200: Answer }
})
const forget = defineOperation({
  ...common,
  id: 'forget',
  method: 'DELETE',
  path: '/api/things/:id',
  role: 'admin',
  responses: { 204: null }
})
const fail = defineOperation({
  ...common,
  id: 'fail',
  method: 'POST',
  path: '/api/fail/:how',
  role: 'public',
  params: Type.Object({ how: Type.String() }, closed),
  responses: { 200: Answer }
})

let context: ServiceContext
let base: string
let sign: (
  claims?: Record<string, unknown>,
  options?: { expires?: string; issuer?: string; audience?: string; key?: CryptoKey }
) => Promise<string>
let otherKey: CryptoKey
let stored = 0
const logged: string[] = []

beforeAll(async () => {
  const destination = new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk))
      done()
    }
  })
  context = createContext({ name: 'platform', log: createLog({ service: 'platform', level: 'debug', destination }) })
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  otherKey = (await generateKeyPair('EdDSA')).privateKey
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' } as never] }
  sign = async (claims = {}, { expires = '1h', issuer = 'issuer', audience = 'audience', key = privateKey } = {}) =>
    await new SignJWT({ role: 'bidder', ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
      .setSubject('user-1')
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime(expires)
      .sign(key)
  const app = createServer(context, {
    service: 'identity',
    auth: createAuthenticator({ keys, issuer: 'issuer', audience: 'audience' }),
    requestTimeoutMs: 1000
  })
  implement(app, store, async ({ params, body, user }) => {
    stored += 1
    const row = { id: params.id, count: body.count, caller: user.userId, secret: 'never sent' }
    return reply(201, row)
  })
  implement(app, list, async ({ query, user }) =>
    reply(200, { id: 'all', count: query.limit ?? 0, caller: user?.userId ?? null })
  )
  implement(app, forget, async () => reply(204))
  implement(app, fail, async ({ params }) => {
    switch (params.how) {
      case 'refusal':
        throw new Refusal('RATE_LIMITED', { retryAfterMs: 2500 })
      case 'fault':
        throw new Fault('the database at 10.0.0.1 with password hunter2 is away')
      case 'driver':
        throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' })
      default:
        throw new TypeError('undefined is not a function of hunter2')
    }
  })
  base = await listen(app, { host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  expect(await context.closers.closeAll(10_000)).toBe(true)
})

interface Problem {
  status: number
  code: string
  detail?: string
  member?: string
}

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const body = (await response.json()) as Problem & { type: string; title: string }
  expect(body.status).toBe(response.status)
  expect(body.type).toBe(`https://gavel.dev/problems/${body.code}`)
  expect(body).toMatchObject({ ...errors[body.code as keyof typeof errors] })
  return body
}

const json = { 'content-type': 'application/json' }
const call = async (
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {}
): Promise<Response> =>
  await fetch(base + path, {
    method,
    headers: {
      ...(options.body === undefined ? {} : json),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers
    },
    ...(options.body === undefined
      ? {}
      : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) })
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

describe('bad input is a problem document that names the member', () => {
  const bodies: [string, unknown, Partial<Problem>][] = [
    ['a member of another type', { count: 'three' }, { code: 'INVALID_INPUT', member: 'count' }],
    ['a number as text', { count: '3' }, { code: 'INVALID_INPUT', member: 'count' }],
    ['a boolean as number', { count: true }, { code: 'INVALID_INPUT', member: 'count' }],
    ['null', { count: null }, { code: 'INVALID_INPUT', member: 'count' }],
    ['a fraction', { count: 1.5 }, { code: 'INVALID_INPUT', member: 'count' }],
    ['a negative number', { count: -1 }, { code: 'INVALID_INPUT', member: 'count' }],
    ['a huge number', { count: 1e300 }, { code: 'INVALID_INPUT', member: 'count' }],
    ['a number beyond all', '{"count":1e999}', { code: 'INVALID_INPUT', member: 'count' }],
    ['a missing member', {}, { code: 'INVALID_INPUT', member: 'count' }],
    ['an unknown member', { count: 1, admin: true }, { code: 'INVALID_INPUT', member: 'admin' }],
    ['an unknown choice', { count: 1, colour: 'blue' }, { code: 'INVALID_INPUT', member: 'colour' }],
    [
      'an unknown member deep inside',
      { count: 1, parts: [{ name: 'a' }, { name: 'b', x: 1 }] },
      { code: 'INVALID_INPUT', member: 'parts[1].x' }
    ],
    [
      'a text that is too long',
      { count: 1, parts: [{ name: 'abcdefgh' }] },
      { code: 'INVALID_INPUT', member: 'parts[0].name' }
    ],
    ['an array', [1], { code: 'INVALID_INPUT' }],
    ['half of a JSON text', '{"count":1', { code: 'MALFORMED_JSON' }],
    ['no JSON at all', 'count=1', { code: 'MALFORMED_JSON' }],
    ['a prototype', '{"count":1,"__proto__":{"admin":true}}', { code: 'MALFORMED_JSON' }],
    ['an empty body', '', { code: 'INVALID_INPUT' }]
  ]
  it.each(bodies)('%s', async (_name, body, expected) => {
    const before = stored
    const problem = await problemOf(await call('POST', '/api/things/a', { token: await sign(), body, headers: json }))
    expect(problem).toMatchObject({ status: 400, ...expected })
    if (expected.member !== undefined) expect(problem.detail).toContain(expected.member)
    expect(stored).toBe(before)
  })

  const addresses: [string, string, Partial<Problem>][] = [
    ['a query number that is none', '/api/things?limit=ten', { code: 'INVALID_INPUT', member: 'limit' }],
    ['a query number out of bounds', '/api/things?limit=51', { code: 'INVALID_INPUT', member: 'limit' }],
    ['a query member twice', '/api/things?limit=1&limit=2', { code: 'INVALID_INPUT', member: 'limit' }],
    ['an unknown query member', '/api/things?limits=1', { code: 'INVALID_INPUT', member: 'limits' }],
    ['an address that cannot be decoded', '/api/things/%zz', { code: 'INVALID_INPUT' }]
  ]
  it.each(addresses)('%s', async (_name, path, expected) => {
    expect(await problemOf(await call('GET', path))).toMatchObject({ status: 400, ...expected })
  })

  it('a path member of another form', async () => {
    const problem = await problemOf(await call('POST', '/api/things/A_B', { token: await sign(), body: { count: 1 } }))
    expect(problem).toMatchObject({ code: 'INVALID_INPUT', member: 'id' })
  })

  it('another content type is 415', async () => {
    const response = await call('POST', '/api/things/a', {
      token: await sign(),
      body: 'count: 1',
      headers: { 'content-type': 'text/yaml' }
    })
    expect(await problemOf(response)).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  })

  it('a body of 10 MB is 413, whether or not it tells its length', async () => {
    const token = await sign()
    const body = JSON.stringify({ count: 1, colour: 'x'.repeat(10_000_000) })
    expect(await problemOf(await call('POST', '/api/things/a', { token, body }))).toMatchObject({
      status: 413,
      code: 'BODY_TOO_LARGE'
    })
    const streamed = await fetch(`${base}/api/things/a`, {
      method: 'POST',
      headers: { ...json, authorization: `Bearer ${token}` },
      body: new Blob([body]).stream(),
      duplex: 'half'
    } as RequestInit)
    expect(await problemOf(streamed)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
  })

  it('an unknown address is 404, and a known one with another method 405 with what it takes', async () => {
    expect(await problemOf(await call('GET', '/api/nothing'))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    const response = await call('PUT', '/api/things/a', { body: {} })
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' })
    expect(response.headers.get('allow')).toBe('POST, DELETE')
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
    expect(logged.some((line) => line.includes('undefined is not a function') && line.includes('http.test.ts'))).toBe(
      true
    )
  })

  it('a refusal says when to come again', async () => {
    const response = await call('POST', '/api/fail/refusal')
    expect(await problemOf(response)).toMatchObject({ status: 429, code: 'RATE_LIMITED', retryAfterMs: 2500 })
    expect(response.headers.get('retry-after')).toBe('3')
  })
})

async function raw(text: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  await once(socket, 'connect')
  const answer = (async () => {
    let received = ''
    for await (const chunk of socket) received += String(chunk)
    return received
  })()
  socket.write(text)
  return { socket, answer }
}

const rawProblem = (answer: string): Problem => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Problem

describe('broken and slow connections', () => {
  it('a body that does not come is 408', async () => {
    const token = await sign()
    const { answer } = await raw(
      `POST /api/things/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"count":`
    )
    expect(await answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(rawProblem(await answer)).toMatchObject({ status: 408, code: 'REQUEST_TIMEOUT' })
  })

  it('headers that do not come are 408', async () => {
    const { answer } = await raw('GET /api/things HTTP/1.1\r\nhost: x\r\n')
    expect(rawProblem(await answer)).toMatchObject({ status: 408, code: 'REQUEST_TIMEOUT' })
  })

  it('what is no HTTP is 400', async () => {
    const { answer } = await raw('HELLO THERE\r\n\r\n')
    expect(rawProblem(await answer)).toMatchObject({ status: 400, code: 'INVALID_INPUT' })
  })

  it('headers of 100 kB are 400', async () => {
    const { answer } = await raw(`GET /api/things HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(100_000)}\r\n\r\n`)
    expect(rawProblem(await answer)).toMatchObject({ status: 400, detail: 'The headers are too long' })
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
