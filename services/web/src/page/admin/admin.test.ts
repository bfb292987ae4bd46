import { describe, expect, test } from 'vitest'
import { fromLocalInput } from '../time.ts'
import { parseAmount } from '../money.ts'
import { afterFrame, emptyTrace } from '../operations/trace.ts'
import { termsFrom } from './auction-terms.ts'
import { lastSeconds, withChange } from './pace.ts'

describe('the terms of an auction', () => {
  const form = (more: Record<string, string>) => (name: string) =>
    ({ mode: 'english', currency: 'USD', opening: '10', endsAt: '2030-01-01T10:00', productId: 'p', ...more })[name] ??
    ''
  const read = (more: Record<string, string>) => termsFrom(form(more), { parseAmount, fromLocalInput })

  test('are what the platform takes', () => {
    expect(read({ reserve: '20', buyNow: '90', antiSniping: '60' })).toMatchObject({
      openingPriceMinor: 1_000,
      reservePriceMinor: 2_000,
      buyNowPriceMinor: 9_000,
      antiSnipingWindowMs: 60_000
    })
  })
  test('leave out what does not belong to the kind', () => {
    expect(read({ mode: 'fixed-price', reserve: '20', buyNow: '90', antiSniping: '60', quantity: '4' })).toEqual({
      productId: 'p',
      mode: 'fixed-price',
      currency: 'USD',
      openingPriceMinor: 1_000,
      endsAt: expect.any(Number),
      quantity: 4
    })
  })
  test.each([{ opening: 'ten' }, { opening: '0' }, { reserve: 'x' }, { buyNow: 'x' }, { endsAt: '' }])(
    'say what is wrong: %j',
    (more) => expect(read(more)).toEqual(expect.any(String))
  )
})

describe('the pace of bids', () => {
  const change = (at: number, accepted: number) => ({ figure: 'bids', window: 'second', at, by: { accepted } }) as const

  test('a second that the stream told anew takes the place of what was read, one without anything is zero', () => {
    const series = { points: [{ at: 1_000, by: { accepted: 1, BID_TOO_LOW: 2 } }] } as never
    const changes = withChange(new Map(), change(2_000, 7), 60_000)
    expect(lastSeconds(series, changes, 3_400, 3)).toEqual([
      { at: 1_000, accepted: 1, refused: 2 },
      { at: 2_000, accepted: 7, refused: 0 },
      { at: 3_000, accepted: 0, refused: 0 }
    ])
  })
  test('old seconds are let go of', () => {
    const changes = withChange(withChange(new Map(), change(1_000, 1), 5_000), change(9_000, 1), 5_000)
    expect([...changes.keys()]).toEqual([9_000])
  })
})

describe('the live trace of logs', () => {
  const line = (id: string) => ({ id, time: 1, service: 'order', level: 'info', message: '', members: {} }) as const

  test('stands newest first, begins anew with a filter, and tells what was left out', () => {
    const one = afterFrame(emptyTrace, { type: 'lines', lines: [line('1'), line('2')] })
    const two = afterFrame(one, { type: 'dropped', count: 4 })
    expect(two).toMatchObject({ lines: [{ id: '2' }, { id: '1' }], lost: 4, seen: 2 })
    expect(afterFrame(two, { type: 'following', filter: {} })).toEqual(emptyTrace)
  })
})
