import { services } from '@gavel/contracts/services.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bearer, type Edge, read, startEdge, until } from './support/edge.ts'
import { tokenOf } from './support/keys.ts'
import { type Handler, startUpstream } from './support/upstream.ts'

let edge: Edge
beforeEach(async () => {
  edge = await startEdge({ rateLimits: 'off' })
})
afterEach(() => edge?.close())

const post = (path: string): Promise<Response> =>
  edge.fetch(path, {
    method: 'POST',
    body: '{}',
    headers: { ...bearer(tokenOf(edge.key, { role: 'admin' })).headers, 'content-type': 'application/json' }
  })

/** Fails the first times, then answers. */
function failing(times: number, fail: Handler): Handler {
  let left = times
  return (request, response) => {
    left -= 1
    if (left >= 0) return fail(request, response)
    response.end('{"name":"at last"}')
  }
}
const unavailable: Handler = (_, response) => response.writeHead(503).end()
const breakOff: Handler = (_, response) => void response.socket?.destroy()

test.each([
  ['answers 503', unavailable],
  ['breaks off', breakOff]
])('a read is tried again where the service %s', async (_, fail) => {
  edge.others.answer(failing(2, fail))
  expect((await edge.fetch('/api/products')).status).toBe(200)
  expect(edge.others.seen).toHaveLength(3)
})

test.each([
  ['answers 503', unavailable],
  ['breaks off', breakOff]
])('a bid is tried again at another process where the first %s: its id makes a repeat harmless', async (_, fail) => {
  for (let number = 0; number < 12; number += 1) {
    const path = `/api/auctions/auction-${number}`
    const home = (await read(await edge.fetch(path))).name
    const first = edge.bidding.find(({ name }) => name === home)
    first?.answer(failing(1, fail))
    const answer = await post(`${path}/bids`)
    expect(answer.status).toBe(200)
    expect((await read(answer)).name).not.toBe('at last')
    first?.answer(undefined)
  }
})

test.each([
  ['answers 503', unavailable],
  ['breaks off', breakOff]
])('what may not be done twice is asked once where the service %s', async (_, fail) => {
  edge.others.answer(failing(1, fail))
  const answer = await post('/api/products')
  expect(answer.status).toBe(503)
  expect(edge.others.seen).toHaveLength(1)
})

test('a service that breaks off is 503 as a problem document', async () => {
  edge.others.answer(breakOff)
  const answer = await post('/api/products')
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('retry-after')]).toEqual([
    503,
    'application/problem+json',
    '1'
  ])
  expect(await answer.json()).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
})

test('the answers of a service pass as they are', async () => {
  const body = JSON.stringify({
    type: 'https://gavel.dev/problems/SOLD_OUT',
    title: 'Sold out',
    status: 409,
    code: 'SOLD_OUT',
    receipt: { a: 1 }
  })
  edge.others.answer((_, response) => response.writeHead(409, { 'content-type': 'application/problem+json' }).end(body))
  const answer = await post('/api/products')
  expect([answer.status, await answer.text()]).toEqual([409, body])
})

test('readiness with 503 is an answer, not a failure: it is asked once', async () => {
  edge.others.answer((_, response) =>
    response.writeHead(503, { 'content-type': 'application/json' }).end('{"status":"not-ready"}')
  )
  const answer = await edge.fetch('/readyz')
  expect([answer.status, await answer.text()]).toEqual([503, '{"status":"not-ready"}'])
  expect(edge.others.seen).toHaveLength(1)
})

test('a killed process is left out: its auctions go to the others, and no read fails', async () => {
  const auctions = Array.from({ length: 30 }, (_, index) => `/api/auctions/auction-${index}`)
  const homes = async () => Promise.all(auctions.map(async (path) => (await read(await edge.fetch(path))).name))
  const before = await homes()
  expect(new Set(before).size).toBe(3)
  await edge.bidding[0]?.kill()
  const after = await homes()
  expect(after).not.toContain('bidding-1')
  // The rest stays where it was, but for a few: Envoy fills the ring anew, with more points for each of fewer processes.
  const others = auctions.map((_, index) => index).filter((index) => before[index] !== 'bidding-1')
  expect(others.filter((index) => after[index] === before[index]).length).toBeGreaterThan(others.length * 0.6)
  await until(async () => (await edge.statistic('cluster.bidding.membership_healthy')) === 2)
})

test('a process that answers 503 again and again is ejected for a while', async () => {
  edge.bidding[1]?.answer(unavailable)
  await until(async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => edge.fetch(`/api/auctions/auction-${index}`)))
    return (await edge.statistic('cluster.bidding.outlier_detection.ejections_active')) === 1
  })
  edge.bidding[1]?.seen.splice(0)
  await Promise.all(Array.from({ length: 20 }, (_, index) => edge.fetch(`/api/auctions/auction-${index}`)))
  expect(edge.bidding[1]?.seen).toEqual([])
})

test('a service whose every process is gone is 503 at once', async () => {
  await edge.others.kill()
  const answer = await edge.fetch('/api/products')
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ code: 'UNAVAILABLE' })
  expect((await edge.fetch('/api/auctions')).status).toBe(200)
})

test('with identity gone, tokens are verified with the keys there are', async () => {
  const ask = async () =>
    (await edge.fetch('/api/orders', bearer(tokenOf(edge.key, { sub: crypto.randomUUID() })))).status
  expect(await ask()).toBe(200)
  const fetches = await edge.statistic('http.edge.jwt_authn.jwks_fetch_failed')
  await edge.identity.kill()
  await until(async () => (await edge.statistic('http.edge.jwt_authn.jwks_fetch_failed')) > fetches + 1)
  expect(await ask()).toBe(200)
})

test('keys that were never had are our fault and no reason to refuse a token: 503', async () => {
  const nobody = await startUpstream('nobody')
  await nobody.kill()
  const keyless = await startEdge({
    services: { ...Object.fromEntries(services.map(({ name }) => [name, [edge.others]])), identity: [nobody] }
  })
  const answer = await keyless.fetch('/api/orders', bearer(tokenOf(edge.key)))
  await keyless.close()
  expect([answer.status, answer.headers.get('retry-after'), (await read(answer)).code]).toEqual([
    503,
    '1',
    'UNAVAILABLE'
  ])
})
