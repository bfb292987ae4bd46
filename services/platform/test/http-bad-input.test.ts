import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  base,
  call,
  context,
  json,
  logged,
  problemOf,
  sign,
  startThings,
  stored,
  type Problem
} from './support/things.ts'

beforeAll(startThings)

afterAll(async () => {
  expect(await context.closers.closeAll(10_000)).toBe(true)
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

it('no token and no body was logged in all of this', () => {
  expect(logged.join('')).not.toMatch(/eyJ[\w-]+\.[\w-]+|nonsense/)
})
