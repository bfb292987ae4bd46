import { createRequire } from 'node:module'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { letConnectionsSleep } from './idle-connections.ts'

interface Queue {
  push(request: object): void
  fulfillRequest(answer: { correlationId: number; payload: null; size: number }): void
  maybeThrottle(ms: number): void
}

letConnectionsSleep()
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object
) => Queue

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const nothing = (): void => undefined

function queueOf(options: object) {
  const sent: number[] = []
  const logger = { debug: nothing, warn: nothing }
  const queue = new RequestQueue({ clientId: 'c', broker: 'b', logger, requestTimeout: 1_000, ...options })
  return {
    queue,
    sent,
    ask: (correlationId: number) =>
      queue.push({
        entry: { correlationId, resolve: nothing, reject: nothing },
        expectResponse: true,
        sendRequest: () => sent.push(correlationId)
      }),
    answer: (correlationId: number) => queue.fulfillRequest({ correlationId, payload: null, size: 0 })
  }
}

test('a connection on which nothing waits sets no timer', () => {
  const { sent, ask, answer } = queueOf({})
  ask(1)
  answer(1)
  expect(sent).toEqual([1])
  expect(vi.getTimerCount()).toBe(0)
})

test('what waits for room is sent when there is some', () => {
  const { sent, ask, answer } = queueOf({ maxInFlightRequests: 1 })
  ask(1)
  ask(2)
  vi.advanceTimersByTime(100)
  expect(sent).toEqual([1])
  answer(1)
  expect(sent).toEqual([1, 2])
  answer(2)
  vi.advanceTimersByTime(100)
  expect(vi.getTimerCount()).toBe(0)
})

test('what waits because the broker asked for a pause is sent after it, with nothing else to set it going', () => {
  const { queue, sent, ask } = queueOf({})
  queue.maybeThrottle(500)
  ask(1)
  vi.advanceTimersByTime(490)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(20)
  expect(sent).toEqual([1])
})
