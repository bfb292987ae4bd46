import { expect, test, vi } from 'vitest'
import { BoundedWork, WorkByKey } from './bounded-work.ts'

const waitMaxMs = 60_000

/** A task that ends when told to. */
function aTask(name: string, order: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>()
  return {
    end: resolve,
    run: async () => {
      order.push(`${name} begins`)
      await promise
      order.push(`${name} ends`)
      return name
    }
  }
}

test('no more run at once than allowed, those who wait are served in order, and the surplus is refused', async () => {
  const work = new BoundedWork({ runningMax: 1, waitingMax: 1, waitMaxMs })
  const order: string[] = []
  const [a, b] = [aTask('a', order), aTask('b', order)]
  const first = work.run(a.run)
  const second = work.run(b.run)
  await expect(work.run(async () => 'c')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  b.end()
  a.end()
  expect(await Promise.all([first, second])).toEqual(['a', 'b'])
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  expect(work.waiting).toBe(0)
})

test('a task that fails gives its place back', async () => {
  const work = new BoundedWork({ runningMax: 1, waitingMax: 0, waitMaxMs })
  await expect(work.run(async () => await Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await work.run(async () => 'yes')).toBe('yes')
})

test('work of one key takes turns, work of another does not wait, and nothing is kept afterwards', async () => {
  const work = new WorkByKey({ waitingMax: 1, waitMaxMs })
  const order: string[] = []
  const [a, b, other] = [aTask('a', order), aTask('b', order), aTask('other', order)]
  const running = [work.run('x', a.run), work.run('x', b.run), work.run('y', other.run)]
  await expect(work.run('x', async () => 'third')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  other.end()
  b.end()
  await running[2]
  a.end()
  await Promise.all(running)
  expect(order).toEqual(['a begins', 'other begins', 'other ends', 'a ends', 'b begins', 'b ends'])
  expect(work.keys).toBe(0)
})

test('who has waited too long is refused, and the others keep their order', async () => {
  vi.useFakeTimers()
  try {
    const work = new BoundedWork({ runningMax: 1, waitingMax: 5, waitMaxMs: 1_000 })
    const order: string[] = []
    const [a, late] = [aTask('a', order), aTask('late', order)]
    const first = work.run(a.run)
    const refused = work.run(late.run).catch((error: { code: string }) => error.code)
    await vi.advanceTimersByTimeAsync(999)
    const patient = work.run(async () => await Promise.resolve('patient'))
    await vi.advanceTimersByTimeAsync(1)
    expect(await refused).toBe('RATE_LIMITED')
    a.end()
    expect(await Promise.all([first, patient])).toEqual(['a', 'patient'])
    expect(order).toEqual(['a begins', 'a ends'])
    expect([work.waiting, vi.getTimerCount()]).toEqual([0, 0])
  } finally {
    vi.useRealTimers()
  }
})
