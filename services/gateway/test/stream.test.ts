import { streamEvents } from '@gavel/contracts/api/eventlog.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bearer, type Edge, startEdge, until } from './support/edge.ts'
import { tokenOf } from './support/keys.ts'

/** A stream of events through a real Envoy whose time for an answer is over before the stream has begun in earnest. */

let edge: Edge
beforeEach(async () => {
  edge = await startEdge({ rateLimits: 'off', limits: { answerTimeoutMs: 400, tryTimeoutMs: 200 } })
})
afterEach(() => edge?.close())

test('a stream comes through piece by piece, for longer than any answer may take, and its end reaches the service', async () => {
  let sent = 0
  let gone = false
  edge.others.answer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.write('retry: 1000\n\n')
    const timer = setInterval(() => response.write(`id: ${(sent += 1)}\ndata: {}\n\n`), 100)
    response.once('close', () => {
      gone = true
      clearInterval(timer)
    })
  })
  const leaving = new AbortController()
  const { headers } = bearer(tokenOf(edge.key, { role: 'admin' }))
  const answer = await edge.fetch(streamEvents.path, {
    headers: { ...headers, 'accept-encoding': 'gzip, br' },
    signal: leaving.signal
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-encoding')).toBeNull()
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of answer.body!) {
    text += decoder.decode(chunk, { stream: true })
    const last = Number(/id: (\d+)\n(?![\s\S]*id: )/.exec(text)?.[1] ?? 0)
    // Twelve tenths of a second: three times the time for an answer.
    if (last >= 12) break
  }
  leaving.abort()
  await until(() => gone)
  expect(edge.others.seen).toHaveLength(1)
})

test('whoever has no token gets no stream', async () => {
  expect((await edge.fetch(streamEvents.path)).status).toBe(401)
  expect(edge.others.seen).toHaveLength(0)
})
