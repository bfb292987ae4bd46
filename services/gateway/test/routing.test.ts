import { connect } from 'node:net'
import { services } from '@gavel/contracts/services.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, type Edge, read, startEdge } from './support/edge.ts'
import { tokenOf } from './support/keys.ts'

const page = 'https://page.example'
let edge: Edge
beforeAll(async () => {
  edge = await startEdge({
    origins: [page],
    rateLimits: 'off',
    limits: { requestTimeoutMs: 1_500, headersTimeoutMs: 1_500, answerTimeoutMs: 2_500, tryTimeoutMs: 2_000 }
  })
})
afterAll(() => edge?.close())

const problem = async (answer: Response) => {
  const body = await read(answer)
  return [answer.status, answer.headers.get('content-type'), body.code, body.status]
}
const problemOf = (status: number, code: string) => [status, 'application/problem+json', code, status]

/** What a client without an HTTP library may send, and all that comes back. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(edge.port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.setTimeout(10_000, () => reject(new Error('no answer')))
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString()
      if (answer.includes('}')) socket.end()
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

const filled = (path: string): string => path.replaceAll(/:(\w+)/g, 'some-id')
const operations = services.flatMap((service) => service.operations.map((operation) => ({ service, operation })))

test.each(operations.map((entry) => [entry.operation.id, entry] as const))(
  '%s reaches its service',
  async (_, { service, operation }) => {
    const token = bearer(tokenOf(edge.key, { role: 'admin' }))
    const reached = () => [edge.identity, edge.others, ...edge.bidding].map(({ seen }) => seen.length)
    const before = reached()
    const answer = await edge.fetch(`${filled(operation.path)}?limit=3`, { ...token, method: operation.method })
    expect(answer.status).toBe(200)
    const after = reached()
    const [identity, others, ...bidding] = after.map((count, index) => count > (before[index] ?? 0))
    const where = { identity, bidding: bidding.some(Boolean) }[service.name] ?? others
    expect(where).toBe(true)
  }
)

describe('what is not in the list is not there', () => {
  test.each([
    '/nothing',
    '/metrics',
    '/livez',
    '/openapi.json',
    '/api',
    '/api/auctions/a/b/c',
    '/api/auctions/',
    '/assets',
    '/docsx',
    '/ws/other',
    '/api/../livez'
  ])('404 as a problem document for %s', async (path) =>
    expect(await problem(await edge.fetch(path))).toEqual(problemOf(404, 'NOT_FOUND'))
  )

  test('a path that hides a slash is refused', async () => {
    expect(await problem(await edge.fetch('/api/auctions/a%2Fledger'))).toEqual(problemOf(400, 'INVALID_INPUT'))
  })

  test('a method nobody implements is 405 and names those that are', async () => {
    const answer = await edge.fetch('/api/auctions', { method: 'DELETE' })
    expect(answer.headers.get('allow')).toBe('POST, GET')
    expect(await problem(answer)).toEqual(problemOf(405, 'METHOD_NOT_ALLOWED'))
    expect((await edge.fetch('/', { method: 'POST' })).status).toBe(405)
  })

  test('a WebSocket is opened only where there is one', async () => {
    const answer = await raw(
      'GET /api/auctions HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    )
    expect(answer).toMatch(/^HTTP\/1.1 403/)
    expect(answer).toContain('"code":"FORBIDDEN"')
  })
})

describe('limits of a request', () => {
  test('a body over the limit is 413 and reaches nobody', async () => {
    const before = edge.identity.seen.length
    const answer = await edge.fetch('/api/auth/login', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024) })
    expect(await problem(answer)).toEqual(problemOf(413, 'BODY_TOO_LARGE'))
    expect(edge.identity.seen.filter(({ url }) => url === '/api/auth/login').length).toBeLessThanOrEqual(before)
  })

  test('a body that trickles is 408 and reaches nobody', async () => {
    const answer = await raw(
      'POST /api/auth/refresh HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'
    )
    expect(answer).toMatch(/^HTTP\/1.1 408/)
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"')
    expect(edge.identity.seen.filter(({ body }) => body === '{')).toEqual([])
  })

  test('headers over the limit are 431', async () => {
    const answer = await edge.fetch('/api/products', { headers: { 'x-large': 'x'.repeat(60_000) } })
    expect(await problem(answer)).toEqual(problemOf(431, 'HEADERS_TOO_LARGE'))
  })

  test('headers that trickle end', async () => {
    expect(await raw('GET /api/products HTTP/1.1\r\nHost: x\r\nx-slow: ')).toMatch(/^HTTP\/1.1 408/)
  })

  test('a service that does not answer in time is 504', async () => {
    edge.others.answer(() => undefined)
    const answer = await edge.fetch('/api/products', { ...bearer(tokenOf(edge.key)), method: 'POST', body: '{}' })
    edge.others.answer(undefined)
    expect(await problem(answer)).toEqual(problemOf(504, 'ANSWER_TIMEOUT'))
  })
})

describe('headers of an answer', () => {
  test('the server is not named; types are not guessed; framing is refused', async () => {
    for (const path of ['/', '/api/products', '/nothing']) {
      const { headers } = await edge.fetch(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
      expect([...headers.keys()].filter((name) => name.startsWith('x-envoy') || name === 'server')).toEqual([])
    }
  })

  test('a page may load its own scripts and no inline ones; an answer may load nothing', async () => {
    const [ofPage, ofAnswer] = [await edge.fetch('/'), await edge.fetch('/api/products')].map(({ headers }) =>
      headers.get('content-security-policy')
    )
    expect(ofPage).toContain("script-src 'self'")
    expect(ofPage).not.toContain('unsafe')
    expect(ofAnswer).toBe("default-src 'none'; frame-ancestors 'none'")
  })

  test('a page that states its own policy keeps it', async () => {
    edge.others.answer((_, response) => response.setHeader('content-security-policy', "default-src 'self'").end('page'))
    const answer = await edge.fetch('/docs/')
    edge.others.answer(undefined)
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'self'")
  })

  test.each(['br', 'gzip'])('pages are compressed with %s', async (encoding) => {
    edge.others.answer((_, response) =>
      response.setHeader('content-type', 'text/javascript; charset=utf-8').end('let a = 1\n'.repeat(1000))
    )
    const answer = await edge.fetch('/assets/page.js', { headers: { 'accept-encoding': encoding } })
    edge.others.answer(undefined)
    expect(answer.headers.get('content-encoding')).toBe(encoding)
    expect((await answer.text()).length).toBe(10_000)
  })

  test('each request carries a trace to its service, and keeps the one it came with', async () => {
    await edge.fetch('/api/products')
    expect(edge.others.seen.at(-1)?.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    expect(edge.others.seen.at(-1)?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    await edge.fetch('/api/products', {
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    })
    expect(edge.others.seen.at(-1)?.headers['traceparent']).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/)
  })
})

describe('CORS', () => {
  const preflight = (path: string, origin: string) =>
    edge.fetch(path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
    })

  test('a preflight of a known origin is answered without a token', async () => {
    const answer = await preflight('/api/auctions/some-id/bids', page)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(page)
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('a preflight of any other origin gets no permission', async () => {
    const answer = await preflight('/api/auctions/some-id/bids', 'https://other.example')
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(
      [edge.identity, edge.others, ...edge.bidding]
        .flatMap(({ seen }) => seen)
        .filter(({ method }) => method === 'OPTIONS')
    ).toEqual([])
  })

  test('an answer, a refusal too, may be read by a known origin alone', async () => {
    const readable = async (origin: string) =>
      (await edge.fetch('/api/orders', { headers: { origin } })).headers.get('access-control-allow-origin')
    expect([await readable(page), await readable('https://other.example')]).toEqual([page, null])
  })
})
