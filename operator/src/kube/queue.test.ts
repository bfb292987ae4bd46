import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WorkQueue } from './queue.ts'

describe('the work queue', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('a key added many times waits once', async () => {
    const queue = new WorkQueue()
    for (let time = 0; time < 100; time++) queue.add('a')
    expect(queue.depth).toBe(1)
    expect(await queue.take()).toBe('a')
    queue.done('a')
    expect(queue.depth).toBe(0)
  })

  test('a key added while it is worked on comes back once, and never to two workers', async () => {
    const queue = new WorkQueue()
    queue.add('a')
    await queue.take()
    queue.add('a')
    queue.add('a')
    expect(queue.depth).toBe(0)
    queue.done('a')
    expect(queue.depth).toBe(1)
  })

  test('failures double the delay up to the cap, and a success ends it', () => {
    const queue = new WorkQueue({ backOffMs: 10, backOffMaxMs: 80, random: () => 1, now: () => Date.now() })
    const delays = Array.from({ length: 6 }, () => queue.addRateLimited('a'))
    expect(delays).toEqual([10, 20, 40, 80, 80, 80])
    queue.forget('a')
    expect(queue.addRateLimited('a')).toBe(10)
  })

  test('a server’s Retry-After is the least delay', () => {
    const queue = new WorkQueue({ backOffMs: 10, random: () => 1, now: () => Date.now() })
    expect(queue.addRateLimited('a', 5000)).toBe(5000)
  })

  test('of several delays the earliest wins', async () => {
    const queue = new WorkQueue({ now: () => Date.now() })
    queue.addAfter('a', 1000)
    queue.addAfter('a', 100)
    queue.addAfter('a', 5000)
    await vi.advanceTimersByTimeAsync(100)
    expect(queue.depth).toBe(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(queue.depth).toBe(1)
  })

  test('the token bucket bounds the retries of all keys together', () => {
    const queue = new WorkQueue({
      backOffMs: 0,
      retriesPerSecond: 10,
      retryBurst: 5,
      random: () => 0,
      now: () => Date.now()
    })
    const delays = Array.from({ length: 25 }, (_, index) => queue.addRateLimited(`key-${index}`))
    expect(delays.slice(0, 5)).toEqual([0, 0, 0, 0, 0])
    expect(delays.at(-1)).toBeCloseTo(2000)
  })

  test('closing wakes every worker and drops what waits', async () => {
    const queue = new WorkQueue()
    const taken = queue.take()
    queue.close()
    expect(await taken).toBeUndefined()
    queue.add('a')
    expect(queue.depth).toBe(0)
  })

  test('over any schedule no key is lost and none is with two workers', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant('finish' as const), key: fc.integer({ min: 0, max: 4 }) })
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
        const queue = new WorkQueue()
        const inHand = new Set<string>()
        const owed = new Set<string>()
        const drain = async () => {
          while (queue.depth > 0) {
            const key = (await queue.take())!
            expect(inHand.has(key)).toBe(false)
            inHand.add(key)
            owed.delete(key)
          }
        }
        for (const { do: what, key } of steps) {
          const name = String(key)
          if (what === 'add') {
            queue.add(name)
            owed.add(name)
          } else if (inHand.delete(name)) queue.done(name)
          await drain()
        }
        for (const key of inHand) {
          inHand.delete(key)
          queue.done(key)
          await drain()
        }
        expect(owed.size).toBe(0)
      })
    )
  })
})
