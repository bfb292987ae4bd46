import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Fault } from './errors.ts'
import { groupCommit } from './group-commit.ts'

/** A commit that ends when it is told to, and remembers its groups. */
function gated(fail: (items: readonly number[]) => Error | undefined = () => undefined) {
  const groups: number[][] = []
  const gates: (() => void)[] = []
  const put = groupCommit<number, number>(
    async (items) => {
      groups.push([...items])
      await new Promise<void>((resolve) => gates.push(resolve))
      const error = fail(items)
      if (error) throw error
      return items.map((item) => item * 10)
    },
    { group: 3, waiting: 4 }
  )
  const open = async (): Promise<void> => {
    while (gates.length === 0) await turn()
    gates.shift()!()
    await turn()
  }
  return { groups, put, open }
}

describe('a group commit', () => {
  test('what arrives while a group is under way is the next one, in order and within its size', async () => {
    const { groups, put, open } = gated()
    const first = [1, 2].map((item) => put(item))
    await turn()
    const others = [3, 4, 5, 6].map((item) => put(item))
    await open()
    await open()
    await open()
    expect(await Promise.all([...first, ...others])).toEqual([10, 20, 30, 40, 50, 60])
    expect(groups).toEqual([[1, 2], [3, 4, 5], [6]])
  })

  test('one item that cannot be committed fails alone', async () => {
    const { groups, put, open } = gated((items) => (items.includes(3) ? new Error('not 3') : undefined))
    const results = [1, 2, 3].map((item) => put(item))
    const settled = Promise.allSettled(results)
    for (let times = 0; times < 4; times += 1) await open()
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(groups).toEqual([[1, 2, 3], [1], [2], [3]])
  })

  test('what cannot be reached fails all at once, and the next are tried', async () => {
    let away = true
    const { groups, put, open } = gated(() => (away ? new Fault('away', { unreachable: true }) : undefined))
    const settled = Promise.allSettled([1, 2, 3].map((item) => put(item)))
    await open()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    away = false
    const later = put(4)
    await open()
    expect(await later).toBe(40)
    expect(groups).toEqual([[1, 2, 3], [4]])
  })

  test('more than may wait are refused at once', async () => {
    const { put, open } = gated()
    const accepted = [1, 2, 3, 4].map((item) => put(item))
    await expect(put(5)).rejects.toThrow('Too many changes wait already')
    for (let times = 0; times < 2; times += 1) await open()
    expect(await Promise.all(accepted)).toEqual([10, 20, 30, 40])
  })
})
