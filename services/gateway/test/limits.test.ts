import { afterAll, beforeAll, expect, test } from 'vitest'
import { bearer, type Edge, startEdge, until } from './support/edge.ts'
import { tokenOf } from './support/keys.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({
    trustedProxies: 1,
    rateLimits: {
      perAddress: { perSecond: 0.2, burst: 12 },
      perUser: { perSecond: 0.2, burst: 5 },
      passwordsPerAddress: { perSecond: 0.02, burst: 3 }
    }
  })
})
afterAll(() => edge?.close())

/** The test stands where a trusted proxy would, and names each client’s address. */
const from = (address: string, headers: Record<string, string> = {}): RequestInit => ({
  headers: { 'x-forwarded-for': address, ...headers }
})

const statuses = async (count: number, ask: (index: number) => Promise<Response>): Promise<number[]> => {
  const answers = []
  for (let index = 0; index < count; index += 1) answers.push((await ask(index)).status)
  return answers
}
const limited = (answers: number[]): number => answers.filter((status) => status === 429).length

test('an address that asks too much is refused, another is not', async () => {
  const answers = await statuses(20, () => edge.fetch('/api/products', from('203.0.113.1')))
  expect(limited(answers)).toBeGreaterThanOrEqual(6)
  expect(answers.slice(0, 12)).toEqual(Array(12).fill(200))
  expect((await edge.fetch('/api/products', from('203.0.113.2'))).status).toBe(200)
})

test('the refusal is a problem document that says when to come back', async () => {
  await statuses(14, () => edge.fetch('/api/products', from('203.0.113.3')))
  const answer = await edge.fetch('/api/products', from('203.0.113.3'))
  expect(answer.status).toBe(429)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await answer.json()).toMatchObject({ code: 'RATE_LIMITED', status: 429 })
})

test('a user is limited whatever the address, and another user is not', async () => {
  const ask = (sub: string, index: number) =>
    edge.fetch('/api/orders', from(`198.51.100.${index}`, bearer(tokenOf(edge.key, { sub })).headers))
  const answers = await statuses(9, (index) => ask('busy', index))
  expect(answers.slice(0, 5)).toEqual(Array(5).fill(200))
  expect(limited(answers)).toBeGreaterThanOrEqual(3)
  expect((await ask('calm', 200)).status).toBe(200)
})

test.each(['/api/auth/login', '/api/auth/register'])('passwords are tried slowly at %s', async (path) => {
  const address = `192.0.2.${path.length}`
  const attempt = () =>
    edge.fetch(path, { method: 'POST', body: '{}', ...from(address, { 'content-type': 'application/json' }) })
  expect(await statuses(5, attempt)).toEqual([200, 200, 200, 429, 429])
  expect((await edge.fetch('/api/products', from(address))).status).toBe(200)
})

test('a bucket fills again', async () => {
  await statuses(14, () => edge.fetch('/api/products', from('203.0.113.9')))
  expect((await edge.fetch('/api/products', from('203.0.113.9'))).status).toBe(429)
  await until(async () => (await edge.fetch('/api/products', from('203.0.113.9'))).status === 200)
})

test('forged tokens are counted too, before anything is verified', async () => {
  const answers = await statuses(20, () =>
    edge.fetch('/api/orders', from('203.0.113.20', { authorization: 'Bearer a.b.c' }))
  )
  expect(new Set(answers)).toEqual(new Set([401, 429]))
})
