import { Writable } from 'node:stream'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import { Type } from 'typebox'
import { expect } from 'vitest'
import { defineOperation } from '@gavel/contracts/define.ts'
import { errors } from '@gavel/contracts/errors.ts'
import type { ActEnd, AuditTrail, BegunAct } from '@gavel/platform/audit/trail.ts'
import { Fault, Refusal } from '@gavel/platform/errors.ts'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implement, listen, reply } from '@gavel/platform/http/server.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'

/** A server with operations that stand for any, and a caller that knows problem documents. One for each test file. */

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
const judge = defineOperation({
  ...common,
  id: 'judge',
  method: 'POST',
  path: '/api/judge/:how',
  role: 'admin',
  params: Type.Object({ how: Type.String() }, closed),
  body: Type.Object({ reason: Type.String(), password: Type.String() }, closed),
  responses: { 201: Answer },
  subject: 'id'
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

export let context: ServiceContext
export let base: string
export let sign: (
  claims?: Record<string, unknown>,
  options?: { expires?: string; issuer?: string; audience?: string; key?: CryptoKey }
) => Promise<string>
export let otherKey: CryptoKey
export let stored = 0
/** What the audit was told, in order. */
export const acts: ({ begun: BegunAct } | { ended: ActEnd; actId: string })[] = []
/** Set to make the audit fail. */
export const auditFaults = { begin: false, end: false }
const trail: AuditTrail = {
  async begin(act) {
    if (auditFaults.begin) throw new Fault('the trail is away')
    acts.push({ begun: act })
  },
  async end({ actId }, ended) {
    if (auditFaults.end) throw new Fault('the trail is away')
    acts.push({ ended, actId })
  }
}
export const logged: string[] = []

/** Starts the server on a port of its own, with a log that is kept for reading. */
export async function startThings(): Promise<void> {
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
    audit: trail,
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
  implement(app, judge, async ({ params }) => {
    if (params.how === 'refused') throw new Refusal('PRODUCT_EXISTS')
    if (params.how === 'failed') throw new TypeError('a mistake')
    stored += 1
    return reply(201, { id: 'made-here', count: 1, caller: null })
  })
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
}

export interface Problem {
  status: number
  code: string
  detail?: string
  member?: string
}

export async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const body = (await response.json()) as Problem & { type: string; title: string }
  expect(body.status).toBe(response.status)
  expect(body.type).toBe(`https://gavel.dev/problems/${body.code}`)
  expect(body).toMatchObject({ ...errors[body.code as keyof typeof errors] })
  return body
}

export const json = { 'content-type': 'application/json' }
export const call = async (
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
