import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bid, Outcome, Standing, Terms } from './auction.ts'
import { reserveIsMet, standingAtOpening } from './auction.ts'
import { decide } from './decide.ts'
import { priceToBeat } from './english.ts'
import { incrementAt } from './increments.ts'
import { someTerms } from './sample.ts'

const none = () => 0
const bid = (bidder: string, amountMinor: number): Bid => ({ bidder, amountMinor, quantity: 1 })
const play = (terms: Terms, bids: Bid[], now = 1): { outcomes: Outcome[]; standing: Standing; outbid: string[] } =>
  decide(terms, standingAtOpening(terms), bids, now, none)

describe('proxy bidding', () => {
  const table: [name: string, bids: [string, number][], price: number, leader: string | null][] = [
    ['no bid: no price', [], 0, null],
    ['one bidder pays the opening price', [['a', 50_00]], 1_00, 'a'],
    ['a first bid must reach the opening price', [['a', 99]], 0, null],
    [
      'a lower maximum lifts the price one step above itself',
      [
        ['a', 50_00],
        ['b', 20_00]
      ],
      20_50,
      'a'
    ],
    [
      'a higher maximum takes the lead one step above the old one',
      [
        ['a', 20_00],
        ['b', 50_00]
      ],
      20_50,
      'b'
    ],
    [
      'the price never passes the leader’s maximum',
      [
        ['a', 20_10],
        ['b', 20_00]
      ],
      20_10,
      'a'
    ],
    [
      'a tie goes to the earlier maximum',
      [
        ['a', 20_00],
        ['b', 20_00]
      ],
      20_00,
      'a'
    ],
    [
      'a leader raises his maximum unseen',
      [
        ['a', 20_00],
        ['b', 10_00],
        ['a', 90_00]
      ],
      10_50,
      'a'
    ],
    [
      'a leader held down by his own maximum pays the full step once he raises it',
      [
        ['a', 20_00],
        ['b', 20_00],
        ['a', 90_00]
      ],
      20_50,
      'a'
    ],
    [
      'a leader does not compete with himself',
      [
        ['a', 20_00],
        ['a', 90_00]
      ],
      1_00,
      'a'
    ],
    [
      'a third bidder between the two lifts the second',
      [
        ['a', 50_00],
        ['b', 20_00],
        ['c', 30_00]
      ],
      31_00,
      'a'
    ],
    [
      'below the price to beat nothing moves',
      [
        ['a', 50_00],
        ['b', 20_00],
        ['c', 20_99]
      ],
      20_50,
      'a'
    ]
  ]
  test.each(table)('%s', (_name, bids, priceMinor, leader) => {
    const { standing } = play(
      someTerms(),
      bids.map(([who, amount]) => bid(who, amount))
    )
    expect({ priceMinor: standing.priceMinor, leader: standing.leader }).toEqual({ priceMinor, leader })
  })

  test('a refusal says why', () => {
    const { outcomes } = play(someTerms(), [bid('a', 50_00), bid('b', 1_24), bid('a', 50_00), bid('a', 49_00)])
    expect(outcomes.map((outcome) => outcome.code)).toEqual([null, 'BID_TOO_LOW', 'BID_NOT_RAISED', 'BID_NOT_RAISED'])
    expect(outcomes.map((outcome) => outcome.leading)).toEqual([true, false, true, true])
  })

  test('the reserve lifts the price to itself, and to the maximum while that is below it', () => {
    const terms = someTerms({ reservePriceMinor: 40_00 })
    expect(play(terms, [bid('a', 30_00)]).standing.priceMinor).toBe(30_00)
    const met = play(terms, [bid('a', 30_00), bid('b', 60_00)]).standing
    expect(met.priceMinor).toBe(40_00)
    expect(reserveIsMet(terms, met)).toBe(true)
    expect(play(terms, [bid('a', 30_00), bid('a', 60_00)]).standing.priceMinor).toBe(40_00)
  })

  test('only an accepted bid that leads moves the end, and only inside the window', () => {
    const terms = someTerms({ endsAt: 1_000, antiSnipingWindowMs: 100 })
    const start = standingAtOpening(terms)
    expect(decide(terms, start, [bid('a', 5_00)], 900, none).standing.endsAt).toBe(1_000)
    expect(decide(terms, start, [bid('a', 5_00)], 950, none).standing.endsAt).toBe(1_050)
    const led = decide(terms, start, [bid('a', 50_00)], 1, none).standing
    expect(decide(terms, led, [bid('b', 5_00)], 990, none).standing.endsAt).toBe(1_000)
    expect(decide(terms, led, [bid('b', 1_01)], 990, none).standing.endsAt).toBe(1_000)
    expect(decide(terms, led, [bid('b', 60_00)], 990, none).standing.endsAt).toBe(1_090)
  })

  test('before the start and from the end on, nothing is taken', () => {
    const terms = someTerms({ startsAt: 100, endsAt: 200 })
    const at = (now: number) => decide(terms, standingAtOpening(terms), [bid('a', 5_00)], now, none).outcomes[0]?.code
    expect([at(99), at(100), at(199), at(200)]).toEqual(['AUCTION_NOT_OPEN', null, null, 'AUCTION_CLOSED'])
  })

  test('who led before or in between and no longer does is outbid, once', () => {
    const { outbid } = play(someTerms(), [bid('a', 5_00), bid('b', 10_00), bid('a', 20_00), bid('c', 30_00)])
    expect(outbid.toSorted()).toEqual(['a', 'b'])
  })

  test('at the highest amount there is, bidding stays an answer', () => {
    const top = 1_000_000_000_00
    const { standing, outcomes } = play(someTerms(), [bid('a', top), bid('b', top), bid('c', top)])
    expect(standing).toMatchObject({ leader: 'a', priceMinor: top })
    expect(priceToBeat(someTerms(), standing)).toBe(top)
    expect(outcomes.map((outcome) => outcome.leading)).toEqual([true, false, false])
  })
})

/**
 * The plain model: it keeps every accepted bid and works the whole standing out again from all of them,
 * recursively from the last bid back to the first.
 */
function modelOf(terms: Terms, bids: Bid[]): { accepted: Bid[]; price: number; leader: string | null } {
  const last = bids.at(-1)
  if (!last) return { accepted: [], price: 0, leader: null }
  const before = modelOf(terms, bids.slice(0, -1))
  const own = Math.max(0, ...before.accepted.filter((one) => one.bidder === last.bidder).map((one) => one.amountMinor))
  const least =
    before.leader === null ? terms.openingPriceMinor : before.price + incrementAt(terms.increments, before.price)
  const isAccepted = before.leader === last.bidder ? last.amountMinor > own : last.amountMinor >= least
  if (!isAccepted) return before
  const accepted = [...before.accepted, last]
  const ranked = accepted
    .map((one, index) => ({ ...one, index }))
    .toSorted((left, right) => right.amountMinor - left.amountMinor || left.index - right.index)
  const first = ranked[0]
  const second = ranked.find((one) => one.bidder !== first?.bidder)
  if (!first) return before
  const contested = second
    ? Math.min(first.amountMinor, second.amountMinor + incrementAt(terms.increments, second.amountMinor))
    : terms.openingPriceMinor
  const price = Math.max(contested, Math.min(first.amountMinor, terms.reservePriceMinor ?? 0))
  return { accepted, price, leader: first.bidder }
}

const someBids = fc.array(
  fc.record({
    bidder: fc.constantFrom('a', 'b', 'c', 'd'),
    amountMinor: fc.integer({ min: 1, max: 120_00 }),
    quantity: fc.constant(1)
  }),
  { maxLength: 25 }
)
const somePlay = fc.record({
  terms: fc
    .record({
      openingPriceMinor: fc.integer({ min: 1, max: 30_00 }),
      reservePriceMinor: fc.option(fc.integer({ min: 1, max: 90_00 }))
    })
    .map((changes) => someTerms(changes)),
  bids: someBids
})

describe('for any bids', () => {
  test('the closed form agrees with working everything out again from all accepted bids', () => {
    fc.assert(
      fc.property(somePlay, ({ terms, bids }) => {
        const { standing, outcomes } = play(terms, bids)
        const model = modelOf(terms, bids)
        expect({ price: standing.priceMinor, leader: standing.leader, count: standing.bidCount }).toEqual({
          price: model.price,
          leader: model.leader,
          count: model.accepted.length
        })
        expect(outcomes).toHaveLength(bids.length)
      }),
      { numRuns: 500 }
    )
  })

  test('the price never passes the leader’s maximum and never falls', () => {
    fc.assert(
      fc.property(somePlay, ({ terms, bids }) => {
        let standing = standingAtOpening(terms)
        for (const one of bids) {
          const next = decide(terms, standing, [one], 1, none).standing
          expect(next.priceMinor).toBeLessThanOrEqual(next.maximumMinor)
          expect(next.priceMinor).toBeGreaterThanOrEqual(standing.priceMinor)
          standing = next
        }
      })
    )
  })

  test('a refused bid changes nothing', () => {
    fc.assert(
      fc.property(somePlay, ({ terms, bids }) => {
        let standing = standingAtOpening(terms)
        for (const one of bids) {
          const { outcomes, standing: next } = decide(terms, standing, [one], 1, none)
          expect(outcomes[0]?.code ? next : standing).toEqual(standing)
          standing = next
        }
      })
    )
  })

  test('deciding together and deciding one by one come to the same', () => {
    fc.assert(
      fc.property(somePlay, ({ terms, bids }) => {
        let standing = standingAtOpening(terms)
        const single = bids.flatMap((one) => {
          const decision = decide(terms, standing, [one], 1, none)
          standing = decision.standing
          return decision.outcomes
        })
        const together = play(terms, bids)
        expect(together.outcomes).toEqual(single)
        expect(together.standing).toEqual(standing)
      })
    )
  })
})
