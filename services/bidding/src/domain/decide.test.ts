import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bid } from './auction.ts'
import { standingAtOpening } from './auction.ts'
import { close, decide } from './decide.ts'
import { incrementAt, incrementPresets, incrementsAreValid } from './increments.ts'
import { someTerms } from './sample.ts'

const none = () => 0
const bid = (bidder: string, amountMinor: number, quantity = 1): Bid => ({ bidder, amountMinor, quantity })

describe('a fixed-price sale', () => {
  const terms = someTerms({ mode: 'fixed-price', openingPriceMinor: 10_00, quantity: 5, quantityPerBuyer: 3 })
  const play = (bids: Bid[], purchases: (bidder: string) => number = none) =>
    decide(terms, standingAtOpening(terms), bids, 1, purchases)

  test('each accepted bid is a sale with the next number', () => {
    const { outcomes, standing } = play([bid('a', 10_00), bid('b', 10_00, 2)])
    expect(outcomes.map(({ code, sale }) => ({ code, sale }))).toEqual([
      { code: null, sale: 1 },
      { code: null, sale: 2 }
    ])
    expect(standing).toMatchObject({ quantityLeft: 2, saleCount: 2, bidCount: 2, priceMinor: 10_00 })
  })

  test('what cannot be had is refused by name', () => {
    const { outcomes } = play([
      bid('a', 9_99),
      bid('a', 10_00, 3),
      bid('a', 10_00),
      bid('b', 10_00, 3),
      bid('b', 10_00, 2),
      bid('c', 10_00)
    ])
    expect(outcomes.map((outcome) => outcome.code)).toEqual([
      'BID_TOO_LOW',
      null,
      'QUANTITY_LIMIT',
      'QUANTITY_NOT_AVAILABLE',
      null,
      'SOLD_OUT'
    ])
  })

  test('what a buyer took in earlier entries counts', () => {
    expect(play([bid('a', 10_00, 2)], () => 2).outcomes[0]?.code).toBe('QUANTITY_LIMIT')
  })

  test('never more is sold than there is, whoever asks for how much', () => {
    const asks = fc.array(
      fc.record({
        bidder: fc.constantFrom('a', 'b', 'c'),
        amountMinor: fc.constant(10_00),
        quantity: fc.integer({ min: 1, max: 4 })
      })
    )
    fc.assert(
      fc.property(asks, (bids) => {
        const { outcomes, standing } = play(bids)
        const sold = bids.filter((_, index) => outcomes[index]?.code === null)
        const total = sold.reduce((sum, one) => sum + one.quantity, 0)
        expect(total + standing.quantityLeft).toBe(5)
        for (const who of ['a', 'b', 'c']) {
          expect(
            sold.filter((one) => one.bidder === who).reduce((sum, one) => sum + one.quantity, 0)
          ).toBeLessThanOrEqual(3)
        }
        expect(outcomes.filter((one) => one.sale > 0).map((one) => one.sale)).toEqual(sold.map((_, index) => index + 1))
      })
    )
  })
})

describe('closing', () => {
  const closed = (changes: Parameters<typeof someTerms>[0], bids: Bid[], now = 2_000_000) => {
    const terms = someTerms(changes)
    return close(terms, decide(terms, standingAtOpening(terms), bids, 1, none).standing, now)
  }
  test.each([
    ['no bids', {}, [], { outcome: 'no-bids', winner: null, sale: 0 }],
    [
      'sold to the leader',
      {},
      [bid('a', 5_00), bid('b', 9_00)],
      { outcome: 'sold', winner: 'b', priceMinor: 5_50, sale: 1 }
    ],
    [
      'below the reserve',
      { reservePriceMinor: 50_00 },
      [bid('a', 5_00)],
      { outcome: 'reserve-not-met', winner: null, sale: 0 }
    ],
    [
      'fixed price, taken',
      { mode: 'fixed-price' as const, quantity: 3 },
      [bid('a', 1_00)],
      { outcome: 'sold', winner: null, sale: 0 }
    ],
    ['fixed price, untouched', { mode: 'fixed-price' as const }, [], { outcome: 'no-bids', winner: null, sale: 0 }]
  ])('%s', (_name, changes, bids, expected) => {
    expect(closed(changes, bids)).toMatchObject(expected)
  })
  test('closing early sets the end to now; closing late keeps it', () => {
    expect(closed({ endsAt: 1_000 }, [], 500).standing).toMatchObject({ endsAt: 500, closed: true })
    expect(closed({ endsAt: 1_000 }, [], 5_000).standing).toMatchObject({ endsAt: 1_000, closed: true })
  })
})

describe('increments', () => {
  test.each([
    [0, 5],
    [99, 5],
    [1_00, 25],
    [4_99, 25],
    [5_00, 50],
    [24_99, 50],
    [25_00, 1_00],
    [100_00, 2_50],
    [249_99, 2_50],
    [250_00, 5_00],
    [500_00, 10_00],
    [1_000_00, 25_00],
    [2_500_00, 50_00],
    [5_000_00, 100_00],
    [9_999_999_00, 100_00]
  ])('ebay-2003 at %i is %i', (amount, increment) =>
    expect(incrementAt(incrementPresets['ebay-2003'], amount)).toBe(increment)
  )
  test('both presets are valid; a table must start at zero and rise', () => {
    expect(Object.values(incrementPresets).map(incrementsAreValid)).toEqual([true, true])
    expect(incrementsAreValid([])).toBe(false)
    expect(incrementsAreValid([{ fromMinor: 1, incrementMinor: 5 }])).toBe(false)
    expect(
      incrementsAreValid([
        { fromMinor: 0, incrementMinor: 5 },
        { fromMinor: 0, incrementMinor: 9 }
      ])
    ).toBe(false)
  })
})
