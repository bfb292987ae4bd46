import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { compareWithLock, extendLock } from './compatibility.ts'
import { defineEvent } from './define.ts'
import { readLock, staleFiles } from './generate.ts'

const fact = (version: number, data = Type.Object({ amount: Type.Integer() })) =>
  defineEvent('Fact', version, 'A fact.', data)

describe('the lock of published events', () => {
  it('holds every event version, unchanged since it was published', async () => {
    expect(compareWithLock(await readLock())).toEqual({ changed: [], missing: [] })
  })

  it('names a version whose schema changed', () => {
    const lock = extendLock({}, [fact(1)])
    const changed = fact(1, Type.Object({ amount: Type.Number() }) as never)
    expect(compareWithLock(lock, [changed]).changed).toEqual([changed.type])
    expect(extendLock(lock, [changed])).toEqual(lock)
  })

  it('takes a new version beside the old one', () => {
    const lock = extendLock({}, [fact(1)])
    const next = fact(2, Type.Object({ amount: Type.Number() }) as never)
    expect(compareWithLock(lock, [fact(1), next]).missing).toEqual([next.type])
    expect(compareWithLock(extendLock(lock, [fact(1), next]), [fact(1), next])).toEqual({ changed: [], missing: [] })
  })

  it('does not mind other words or another order', () => {
    const lock = extendLock({}, [fact(1, Type.Object({ amount: Type.Integer(), place: Type.String() }) as never)])
    const reworded = fact(
      1,
      Type.Object({ place: Type.String(), amount: Type.Integer({ description: 'Whole.' }) }) as never
    )
    expect(compareWithLock(lock, [reworded]).missing).toEqual([])
  })
})

describe('the generated documents', () => {
  it('are fresh', async () => {
    expect(await staleFiles()).toEqual([])
  })
})
