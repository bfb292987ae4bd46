import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ProbeScheduler } from './scheduler.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Runs that end when the test says so. */
function aScheduler(concurrency = 2) {
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const signals = new Map<string, AbortSignal>()
  const scheduler = new ProbeScheduler(
    (key, signal) => {
      started.push(key)
      signals.set(key, signal)
      return new Promise((resolve) => ends.set(key, resolve))
    },
    { concurrency }
  )
  const end = async (key: string) => {
    ends.get(key)?.()
    await vi.advanceTimersByTimeAsync(0)
  }
  return { scheduler, started, signals, end }
}

test('no more run at once than the bound; the rest follow in the order they were due', async () => {
  const { scheduler, started, end } = aScheduler()
  for (const key of ['a', 'b', 'c', 'd']) scheduler.plan(key, 10)
  await vi.advanceTimersByTimeAsync(10)
  expect(started).toEqual(['a', 'b'])
  await end('b')
  expect(started).toEqual(['a', 'b', 'c'])
  expect(scheduler.running).toBe(2)
})

test('a key never runs twice at once; what came due meanwhile follows', async () => {
  const { scheduler, started, end } = aScheduler()
  scheduler.plan('a', 0)
  await vi.advanceTimersByTimeAsync(1)
  scheduler.plan('a', 5)
  await vi.advanceTimersByTimeAsync(5)
  expect(started).toEqual(['a'])
  await end('a')
  expect(started).toEqual(['a', 'a'])
})

test('a later plan takes the place of an earlier one', async () => {
  const { scheduler, started } = aScheduler()
  scheduler.plan('a', 10)
  scheduler.plan('a', 100)
  await vi.advanceTimersByTimeAsync(99)
  expect(started).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(started).toEqual(['a'])
})

test('a key that is forgotten is ended and can be planned anew', async () => {
  const { scheduler, started, signals, end } = aScheduler()
  scheduler.plan('a', 0)
  await vi.advanceTimersByTimeAsync(1)
  scheduler.forget('a')
  expect(signals.get('a')?.aborted).toBe(true)
  expect(scheduler.has('a')).toBe(false)
  scheduler.plan('a', 0)
  await vi.advanceTimersByTimeAsync(1)
  await end('a')
  expect(started).toEqual(['a', 'a'])
})

test('after a stop nothing runs and nothing can be planned', async () => {
  const { scheduler, started, signals } = aScheduler(1)
  for (const key of ['a', 'b']) scheduler.plan(key, 0)
  scheduler.plan('c', 50)
  await vi.advanceTimersByTimeAsync(1)
  scheduler.stop()
  scheduler.plan('d', 0)
  await vi.advanceTimersByTimeAsync(100)
  expect(started).toEqual(['a'])
  expect(signals.get('a')?.aborted).toBe(true)
})
