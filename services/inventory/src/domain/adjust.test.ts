import { expect, test } from 'vitest'
import { AVAILABLE_PIECES_MAX } from '@gavel/contracts/api/inventory.ts'
import { adjust, type Adjustment } from './adjust.ts'

const anAdjustment = (delta: number): Adjustment => ({
  adjustmentId: 'count-1',
  productId: 'lamp',
  location: 'main',
  delta
})

test.each([
  ['adds', undefined, 3, 4, { outcome: 'applied', available: 7 }],
  ['takes down to zero', undefined, 3, -3, { outcome: 'applied', available: 0 }],
  [
    'refuses to take below zero',
    undefined,
    3,
    -4,
    { outcome: 'refused', code: 'STOCK_INSUFFICIENT', details: { available: 3 } }
  ],
  [
    'refuses where no stock is kept',
    undefined,
    undefined,
    4,
    { outcome: 'refused', code: 'STOCK_NOT_FOUND', details: {} }
  ],
  ['knows a repeat', 4, 3, 4, { outcome: 'repeated' }],
  ['knows a repeat that would not fit any more', -4, 0, -4, { outcome: 'repeated' }],
  [
    'refuses an id that was used for other figures',
    5,
    3,
    4,
    { outcome: 'refused', code: 'ADJUSTMENT_ID_REUSED', details: {} }
  ]
] as const)('%s', (_, earlier, available, delta, decision) => {
  expect(adjust(earlier === undefined ? undefined : anAdjustment(earlier), available, anAdjustment(delta))).toEqual(
    decision
  )
})

test('refuses more pieces than a location may hold', () => {
  expect(adjust(undefined, AVAILABLE_PIECES_MAX, anAdjustment(1))).toMatchObject({ code: 'STOCK_LIMIT' })
})
