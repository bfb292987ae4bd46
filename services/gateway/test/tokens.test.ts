import { afterAll, beforeAll, expect, test } from 'vitest'
import { bearer, type Edge, read, startEdge, until } from './support/edge.ts'
import { makeKey, tokenOf, unsignedToken } from './support/keys.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge?.close())

const refusals: [string, () => RequestInit][] = [
  ['is missing', () => ({})],
  ['has expired', () => bearer(tokenOf(edge.key, { expiresInSeconds: -30 }))],
  ['is signed by another key of the same name', () => bearer(tokenOf(makeKey('key-1')))],
  ['is not signed (alg none)', () => bearer(unsignedToken())],
  ['is of another issuer', () => bearer(tokenOf(edge.key, { iss: 'https://elsewhere.example' }))],
  ['is for another audience', () => bearer(tokenOf(edge.key, { aud: 'elsewhere' }))],
  ['is no token at all', () => bearer('nonsense')],
  ['stands in the address', () => ({})]
]

test.each(refusals)('401 as a problem document where the token %s', async (name, init) => {
  const query = name === 'stands in the address' ? `?access_token=${tokenOf(edge.key)}` : ''
  const answer = await edge.fetch(`/api/orders${query}`, init())
  expect(answer.status).toBe(401)
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
  expect(await answer.json()).toMatchObject({
    code: 'UNAUTHENTICATED',
    status: 401,
    type: 'https://gavel.dev/problems/UNAUTHENTICATED'
  })
  expect(edge.others.seen.filter(({ url }) => url.startsWith('/api/orders'))).toEqual([])
})

test('a good token is let through and handed on, so that the service can check it too', async () => {
  const token = tokenOf(edge.key)
  const answer = await edge.fetch('/api/notifications', bearer(token))
  expect(answer.status).toBe(200)
  expect(edge.others.seen.at(-1)?.headers.authorization).toBe(`Bearer ${token}`)
})

test('a public operation needs no token, and refuses a bad one', async () => {
  expect((await edge.fetch('/api/auctions')).status).toBe(200)
  expect((await edge.fetch('/api/auctions', bearer(tokenOf(edge.key)))).status).toBe(200)
  const answer = await edge.fetch('/api/auctions', bearer(tokenOf(makeKey('key-1'))))
  expect([answer.status, (await read(answer)).code]).toEqual([401, 'UNAUTHENTICATED'])
})

test('headers that only the platform may write are taken from clients', async () => {
  const sent = {
    'x-gavel-role': 'admin',
    'X-Gavel-User': 'someone',
    'x-envoy-upstream-rq-timeout-ms': '1',
    'x-envoy-max-retries': '99'
  }
  await edge.fetch('/api/products', { headers: { ...sent, 'x-other': 'kept' } })
  const { headers = {} } = edge.others.seen.at(-1) ?? {}
  expect(Object.keys(sent).filter((name) => name.toLowerCase() in headers)).toEqual([])
  expect(headers['x-other']).toBe('kept')
})

test('a new key is picked up, and one withdrawn is refused', async () => {
  const next = makeKey('key-2')
  expect((await edge.fetch('/api/offers', bearer(tokenOf(next)))).status).toBe(401)
  edge.published.push(next)
  await until(
    async () => (await edge.fetch('/api/offers', bearer(tokenOf(next, { sub: crypto.randomUUID() })))).status === 200
  )
  edge.published.shift()
  await until(
    async () =>
      (await edge.fetch('/api/offers', bearer(tokenOf(edge.key, { sub: crypto.randomUUID() })))).status === 401
  )
  edge.published.unshift(edge.key)
  await until(
    async () =>
      (await edge.fetch('/api/offers', bearer(tokenOf(edge.key, { sub: crypto.randomUUID() })))).status === 200
  )
})

test('the access log names the user and never holds a token or a query', async () => {
  const token = tokenOf(edge.key, { sub: 'user-in-log' })
  await edge.fetch(`/api/orders?secret=do-not-log`, bearer(token))
  await until(() => edge.accessLog().includes('user-in-log'))
  const log = edge.accessLog()
  expect(log).not.toContain(token.split('.')[2])
  expect(log).not.toContain('do-not-log')
  const line = JSON.parse(log.split('\n').find((text) => text.includes('user-in-log')) ?? '{}')
  expect(line).toMatchObject({
    service: 'gateway',
    method: 'GET',
    path: '/api/orders',
    operation: 'listOrders',
    status: 200
  })
  expect(line.trace_id).toMatch(/^[0-9a-f]{32}$/)
})
