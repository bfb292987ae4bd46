import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { effects } from './stock.ts'
import { settle, statusAfter, type ReservationStatus } from './settle.ts'

describe('settle', () => {
  test.each<[ReservationStatus | undefined, 'ordered' | 'failed', string]>([
    ['reserved', 'ordered', 'sell'],
    ['reserved', 'failed', 'release'],
    [undefined, 'failed', 'close'],
    ['sold', 'ordered', 'none'],
    ['sold', 'failed', 'none'],
    ['released', 'failed', 'none'],
    ['rejected', 'failed', 'none'],
    ['closed', 'failed', 'none'],
    [undefined, 'ordered', 'oversold'],
    ['released', 'ordered', 'oversold'],
    ['rejected', 'ordered', 'oversold'],
    ['closed', 'ordered', 'oversold'],
    ['oversold', 'ordered', 'none'],
    ['oversold', 'failed', 'none']
  ])('a sale that is %s here and ends %s: %s', (status, outcome, action) => {
    expect(settle(status, outcome).action).toBe(action)
  })

  test('whatever is read in whatever order, how often: a sale holds pieces at most once and a failed one ends with none', () => {
    const reading = fc.constantFrom('sale-confirmed', 'failed' as const)
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 12 }), (readings) => {
        let status: ReservationStatus | undefined
        let taken = 0
        let back = 0
        for (const read of readings) {
          if (read === 'sale-confirmed') {
            // What the store does: a sale that is remembered in any way takes nothing.
            if (status !== undefined) continue
            status = 'reserved'
            taken += 1
          } else {
            const settlement = settle(status, 'failed')
            if (settlement.action === 'release') back += 1
            status = statusAfter(settlement) ?? status
          }
        }
        expect(taken).toBeLessThanOrEqual(1)
        const held = taken - back
        expect(held).toBe(readings.includes('failed') ? 0 : taken)
      })
    )
  })
})

describe('movements', () => {
  test('a sale neither makes nor loses a piece', () => {
    for (const { available, reserved, sold } of Object.values(effects)) expect(available + reserved + sold).toBe(0)
  })
})
