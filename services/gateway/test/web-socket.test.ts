import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Edge, read, startEdge, until } from './support/edge.ts'
import { makeKey, tokenOf } from './support/keys.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({
    rateLimits: 'off',
    limits: { requestTimeoutMs: 400, idleTimeoutMs: 400, answerTimeoutMs: 400 }
  })
})
afterAll(() => edge?.close())

const open = (path: string, token?: string, { port } = edge): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${port}${path}`, ['gavel.v1', ...(token ? [`bearer.${token}`] : [])])

/** What the socket answers to one frame, or the status it was refused with. */
function exchange(socket: WebSocket, frame: string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.on('open', () => socket.send(frame))
    socket.on('message', (data: Buffer) => {
      resolve(data.toString())
      socket.close()
    })
    socket.on('unexpected-response', (_, response) => resolve(String(response.statusCode)))
    socket.on('error', reject)
  })
}

test('frames go both ways, and the sub-protocol is agreed', async () => {
  const socket = open('/ws/live')
  expect(await exchange(socket, 'hello')).toBe('others: hello')
  expect(socket.protocol).toBe('gavel.v1')
})

test('a token in the sub-protocol is checked and handed on', async () => {
  const token = tokenOf(edge.key)
  expect(await exchange(open('/ws/live', token), 'hello')).toBe('others: hello')
  expect(edge.others.seen.at(-1)?.headers['sec-websocket-protocol']).toContain(`bearer.${token}`)
})

test.each([
  ['forged', () => tokenOf(makeKey('key-1'))],
  ['expired', () => tokenOf(edge.key, { expiresInSeconds: -30 })]
])('a %s token in the sub-protocol is refused with 401', async (_, token) => {
  expect(await exchange(open('/ws/live', token()), 'hello')).toBe('401')
})

test('one auction’s bids meet in one process, over HTTP and over WebSocket, and auctions spread', async () => {
  const used = new Set<string>()
  for (let number = 0; number < 24; number += 1) {
    const auction = `auction-${number}`
    const answered = new Set<string>()
    for (const path of [`/api/auctions/${auction}`, `/api/auctions/${auction}/ledger?from=${number}`]) {
      answered.add((await read(await edge.fetch(path))).name)
    }
    const bid = await edge.fetch(`/api/auctions/${auction}/bids`, {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Bearer ${tokenOf(edge.key)}`, 'content-type': 'application/json' }
    })
    answered.add((await read(bid)).name)
    answered.add((await exchange(open(`/ws/auctions/${auction}`), 'x')).replace(': x', ''))
    expect([...answered], auction).toHaveLength(1)
    for (const name of answered) used.add(name)
  }
  expect([...used].toSorted()).toEqual(['bidding-1', 'bidding-2', 'bidding-3'])
})

test('a quiet WebSocket outlives the time-outs of requests and idle connections', async () => {
  const impatient = await startEdge({ limits: { requestTimeoutMs: 400, idleTimeoutMs: 400, answerTimeoutMs: 400 } })
  const socket = open('/ws/live', undefined, impatient)
  await new Promise((resolve) => socket.on('open', resolve))
  const answers: string[] = []
  socket.on('message', (data: Buffer) => answers.push(data.toString()))
  const opened = Date.now()
  // Longer than the three bounds that gateway was started with, in silence.
  await until(() => Date.now() - opened > 1_200)
  expect(socket.readyState).toBe(WebSocket.OPEN)
  socket.send('still here')
  await until(() => answers.includes('others: still here'))
  socket.close()
  await impatient.close()
})
