import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bid, Standing, Terms } from './auction.ts'
import { standingAtOpening } from './auction.ts'
import { cancel, close, decide, extend } from './decide.ts'
import { priceToBeat } from './english.ts'
import { open, type OpenCommand } from './open.ts'
import { someTerms } from './sample.ts'
import { SealedBids } from './sealed.ts'

const none = () => 0
const bid = (bidder: string, amountMinor: number): Bid => ({ bidder, amountMinor, quantity: 1 })
const play = (terms: Terms, bids: Bid[], now = 1) => decide(terms, standingAtOpening(terms), bids, now, none)

const sealedOf = (bids: [string, number][]): SealedBids => {
  const sealed = new SealedBids()
  for (const [bidder, amountMinor] of bids) sealed.add(bidder, amountMinor)
  return sealed
}

describe('sealed bids', () => {
  const first = someTerms({ mode: 'sealed-first-price', openingPriceMinor: 5_00 })
  const second = someTerms({ mode: 'sealed-second-price', openingPriceMinor: 5_00 })

  test('before the close nothing shows but how many there are', () => {
    const { outcomes, standing, outbid } = play(first, [bid('a', 50_00), bid('b', 4_99), bid('c', 70_00)])
    expect(outcomes.map(({ code, leading, priceMinor }) => ({ code, leading, priceMinor }))).toEqual([
      { code: null, leading: false, priceMinor: 0 },
      { code: 'BID_TOO_LOW', leading: false, priceMinor: 0 },
      { code: null, leading: false, priceMinor: 0 }
    ])
    expect(standing).toEqual({ ...standingAtOpening(first), bidCount: 2 })
    expect(outbid).toEqual([])
  })

  const table: [
    name: string,
    terms: Terms,
    bids: [string, number][],
    expected: { outcome: string; winner: string | null; priceMinor: number }
  ][] = [
    [
      'first price: the highest pays what he bid',
      first,
      [
        ['a', 50_00],
        ['b', 70_00]
      ],
      { outcome: 'sold', winner: 'b', priceMinor: 70_00 }
    ],
    [
      'second price: the highest pays what the next one bid',
      second,
      [
        ['a', 50_00],
        ['b', 70_00]
      ],
      { outcome: 'sold', winner: 'b', priceMinor: 50_00 }
    ],
    [
      'second price: one bidder alone pays the opening price',
      second,
      [['a', 50_00]],
      { outcome: 'sold', winner: 'a', priceMinor: 5_00 }
    ],
    [
      'second price: the reserve counts as a bid',
      someTerms({ ...second, reservePriceMinor: 60_00 }),
      [
        ['a', 50_00],
        ['b', 70_00]
      ],
      { outcome: 'sold', winner: 'b', priceMinor: 60_00 }
    ],
    [
      'below the reserve nothing is sold',
      someTerms({ ...first, reservePriceMinor: 80_00 }),
      [['b', 70_00]],
      { outcome: 'reserve-not-met', winner: null, priceMinor: 70_00 }
    ],
    [
      'of equal bids the earlier wins',
      second,
      [
        ['a', 70_00],
        ['b', 70_00]
      ],
      { outcome: 'sold', winner: 'a', priceMinor: 70_00 }
    ],
    [
      'the last bid counts, also a lower one',
      second,
      [
        ['a', 90_00],
        ['b', 60_00],
        ['a', 50_00]
      ],
      { outcome: 'sold', winner: 'b', priceMinor: 50_00 }
    ],
    [
      'a changed bid has its own place, the same again keeps the old one',
      first,
      [
        ['a', 60_00],
        ['b', 70_00],
        ['c', 70_00],
        ['b', 70_00],
        ['a', 70_00]
      ],
      { outcome: 'sold', winner: 'b', priceMinor: 70_00 }
    ],
    [
      'a bidder is never his own second',
      second,
      [
        ['a', 60_00],
        ['a', 70_00]
      ],
      { outcome: 'sold', winner: 'a', priceMinor: 5_00 }
    ],
    ['nobody', first, [], { outcome: 'no-bids', winner: null, priceMinor: 0 }]
  ]
  test.each(table)('%s', (_name, terms, bids, expected) => {
    expect(close(terms, standingAtOpening(terms), 2, sealedOf(bids))).toMatchObject(expected)
  })

  test('the next best is who would have won without those who did not pay, at what he would have paid', () => {
    const bids: [string, number][] = [
      ['a', 50_00],
      ['b', 90_00],
      ['c', 70_00]
    ]
    expect(sealedOf(bids).award(second, new Set(['b']))).toMatchObject({ leader: 'c', priceMinor: 50_00 })
    expect(sealedOf(bids).award(first, new Set(['b']))).toMatchObject({ leader: 'c', priceMinor: 70_00 })
    expect(sealedOf(bids).award(second, new Set(['b', 'c']))).toMatchObject({ leader: 'a', priceMinor: 5_00 })
    expect(sealedOf(bids).award(second, new Set(['a', 'b', 'c']))).toBeNull()
  })

  test('in a second-price auction nobody can do better than to bid what it is worth to him', () => {
    const others = fc.array(fc.tuple(fc.constantFrom('b', 'c', 'd'), fc.integer({ min: 5_00, max: 99_00 })), {
      maxLength: 8
    })
    const gain = (worth: number, amount: number, bids: [string, number][]): number => {
      const { winner, priceMinor } = close(second, standingAtOpening(second), 2, sealedOf([...bids, ['a', amount]]))
      return winner === 'a' ? worth - priceMinor : 0
    }
    fc.assert(
      fc.property(
        others,
        fc.integer({ min: 5_00, max: 99_00 }),
        fc.integer({ min: 5_00, max: 99_00 }),
        (bids, worth, other) => {
          expect(gain(worth, worth, bids)).toBeGreaterThanOrEqual(gain(worth, other, bids))
        }
      )
    )
  })
})

describe('buy-now', () => {
  const terms = someTerms({ buyNowPriceMinor: 80_00, antiSnipingWindowMs: 500 })

  test('the first bid that reaches the price ends the auction at that price, and those behind it come too late', () => {
    const { outcomes, standing } = play(
      terms,
      [bid('a', 20_00), bid('b', 30_00), bid('c', 95_00), bid('d', 99_00)],
      999_999
    )
    expect(outcomes.map(({ code }) => code)).toEqual([null, null, null, 'AUCTION_CLOSED'])
    expect(standing).toMatchObject({ leader: 'c', priceMinor: 80_00, endsAt: 999_999, bidCount: 3 })
    expect(close(terms, standing, 999_999)).toMatchObject({ outcome: 'sold', winner: 'c', priceMinor: 80_00, sale: 1 })
    expect(extend(standing, 2_000_000, 999_999)).toBe('AUCTION_CLOSED')
  })

  test('below it proxy bidding goes on, and the price to beat never passes it', () => {
    const { standing } = play(terms, [bid('a', 79_99), bid('b', 79_98)])
    expect(standing).toMatchObject({ leader: 'a', priceMinor: 79_99 })
    expect(priceToBeat(terms, standing)).toBe(80_00)
    expect(decide(terms, standing, [bid('b', 80_00)], 2, none).standing).toMatchObject({
      leader: 'b',
      priceMinor: 80_00
    })
  })

  test('a leader may buy too', () => {
    expect(play(terms, [bid('a', 20_00), bid('a', 80_00)]).standing).toMatchObject({
      leader: 'a',
      priceMinor: 80_00,
      endsAt: 1
    })
  })

  const command: OpenCommand = {
    auctionId: 'a',
    productId: 'p',
    title: 't',
    mode: 'english',
    currency: 'USD',
    openingPriceMinor: 10_00,
    endsAt: 100
  }
  test.each([
    ['above the opening price', { buyNowPriceMinor: 10_01 }, true],
    ['at the opening price', { buyNowPriceMinor: 10_00 }, false],
    ['at the reserve', { buyNowPriceMinor: 50_00, reservePriceMinor: 50_00 }, true],
    ['below the reserve', { buyNowPriceMinor: 49_99, reservePriceMinor: 50_00 }, false],
    ['with sealed bids', { buyNowPriceMinor: 50_00, mode: 'sealed-first-price' as const }, false],
    ['with a fixed price', { buyNowPriceMinor: 50_00, mode: 'fixed-price' as const }, false]
  ])('%s', (_name, changes, isValid) => {
    expect(open({ ...command, ...changes }, 1)).toMatchObject(isValid ? { terms: {} } : { refusal: 'BUY_NOW_INVALID' })
  })
})

describe('an admin', () => {
  const terms = someTerms({ endsAt: 1_000, reservePriceMinor: 3_00 })
  const led = play(terms, [bid('a', 50_00)]).standing

  test('cancels: no sale, no leader, nothing afterwards', () => {
    const closing = cancel(led, 500)
    expect(closing).toMatchObject({ outcome: 'cancelled', winner: null, sale: 0 })
    expect(closing.standing).toMatchObject({ closed: true, leader: null, endsAt: 500 })
    expect(decide(terms, closing.standing, [bid('b', 90_00)], 501, none).outcomes[0]?.code).toBe('AUCTION_CLOSED')
  })

  test('extends an open auction to a later end only', () => {
    expect(extend(led, 2_000, 999)).toEqual({ ...led, endsAt: 2_000 } satisfies Standing)
    expect(extend(led, 1_000, 999)).toBe('AUCTION_END_NOT_LATER')
    expect(extend(led, 2_000, 1_000)).toBe('AUCTION_CLOSED')
    expect(extend({ ...led, closed: true }, 2_000, 5)).toBe('AUCTION_CLOSED')
  })
})
