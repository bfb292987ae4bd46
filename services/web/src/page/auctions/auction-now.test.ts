import type { LiveAuction, LiveAuctionEvent } from '@gavel/contracts/api/web-socket.ts'
import { describe, expect, test } from 'vitest'
import { afterEvent, afterSnapshot, markOf, shownPriceMinor, standingOf, type AuctionNow } from './auction-now.ts'
import { bidFrom } from './bid-text.ts'
import { recentBids, stepsOf } from './history.ts'
import { reasonOf, rowsAbout } from './price-reason.ts'

const anAuction = (more: Partial<LiveAuction> = {}): LiveAuction => ({
  auctionId: 'a',
  productId: 'p',
  title: 'Lamp',
  mode: 'english',
  status: 'open',
  currency: 'USD',
  openingPriceMinor: 1_000,
  priceMinor: 0,
  priceToBeatMinor: 1_000,
  leader: null,
  reserveMet: true,
  bidCount: 0,
  quantity: 1,
  quantityLeft: 1,
  startsAt: 0,
  endsAt: 10_000,
  ...more
})
const now = (more: Partial<AuctionNow> = {}): AuctionNow => ({
  auction: anAuction(),
  sequence: 3,
  ticker: [],
  points: [],
  gaps: 0,
  ...more
})
const anEvent = (at: number, priceMinor: number): LiveAuctionEvent => ({
  state: anAuction({ priceMinor, bidCount: 1, leader: 'ann' }),
  at,
  accepted: 1,
  refused: 0,
  bids: [{ bidder: 'ann', priceMinor }]
})

describe('an auction as it is told', () => {
  test('never goes back: what is older than what is shown changes nothing', () => {
    expect(afterSnapshot(now(), 2, anAuction({ priceMinor: 1 }))).toEqual(now())
    expect(afterEvent(now(), 2, anEvent(5, 1))).toEqual(now())
  })

  test('an event told twice counts once', () => {
    const once = afterEvent(now(), 4, anEvent(5, 1_500))
    expect(afterEvent(once, 4, anEvent(5, 1_500))).toEqual(once)
    expect(once.ticker.map(({ key }) => key)).toEqual(['4.0'])
  })

  test('a snapshot further on leaves a gap, so the history is read anew', () => {
    expect(afterSnapshot(now(), 3, anAuction()).gaps).toBe(0)
    expect(afterSnapshot(now(), 9, anAuction()).gaps).toBe(1)
  })

  test('standing follows the leader’s pseudonym', () => {
    const led = anAuction({ leader: 'ann', bidCount: 1 })
    expect(standingOf(led, 'ann')).toBe('leading')
    expect(standingOf(led, 'bob')).toBe('outbid')
    expect(standingOf(led, undefined)).toBeUndefined()
    expect(standingOf({ ...led, status: 'closed', outcome: 'sold' }, 'ann')).toBe('won')
    expect(standingOf({ ...led, status: 'closed', outcome: 'sold' }, 'bob')).toBe('lost')
    expect(standingOf(anAuction({ mode: 'sealed-first-price', bidCount: 1 }), 'ann')).toBe('hidden')
    expect(standingOf(anAuction({ mode: 'fixed-price', bidCount: 1 }), 'ann')).toBeUndefined()
  })

  test.each([
    ['sold', 'It went to another bidder'],
    ['reserve-not-met', 'It was not sold'],
    ['cancelled', 'It was cancelled']
  ] as const)('who did not win an auction that ended %s is told “%s”', (outcome, words) => {
    expect(markOf('lost', { outcome }).words).toBe(words)
  })

  test('before the first bid the opening price is shown', () => {
    expect(shownPriceMinor(anAuction())).toBe(1_000)
    expect(shownPriceMinor(anAuction({ bidCount: 1, priceMinor: 1_200 }))).toBe(1_200)
  })
})

describe('the history', () => {
  const entries = [
    { sequence: 0, at: 1, standing: { priceMinor: 0, bidCount: 0 } },
    {
      sequence: 1,
      at: 2,
      bids: [
        { bidId: 'x', bidder: 'ann', priceMinor: 1_000, quantity: 1 },
        { bidId: 'y', bidder: 'bob', code: 'BID_TOO_LOW', priceMinor: 1_000, quantity: 1 }
      ],
      standing: { priceMinor: 1_000, bidCount: 1 }
    }
  ]
  const live = now({ points: [1, 2].map((sequence) => ({ sequence, at: sequence + 1, priceMinor: sequence * 1_000 })) })

  test('what was read and what was seen meet without a hole and without a double', () => {
    expect(stepsOf(1_000, entries, live)).toEqual([
      { at: 1, value: 1_000 },
      { at: 3, value: 2_000 }
    ])
  })

  test('shows accepted bids, newest first', () => {
    const ticker = [{ bidder: 'cid', priceMinor: 2_000, at: 3, key: '2.0' }]
    expect(recentBids(entries, { ...live, ticker }).map(({ bidder }) => bidder)).toEqual(['cid', 'ann'])
  })
})

describe('the price in words', () => {
  const increments = [0, 1_000, 2_000, 5_000, 9_000, 20_000].map((fromMinor) => ({ fromMinor, incrementMinor: 100 }))

  test('names the secret figures once they are laid open, and not before', () => {
    const auction = anAuction({ bidCount: 4, priceMinor: 5_100 })
    expect(reasonOf(auction, increments, [])).toContain('secret')
    const opening = { amountsMinor: [], maximumMinor: 9_000, secondMinor: 5_000 }
    const entry = { sequence: 4, at: 4, standing: { priceMinor: 5_100, bidCount: 4 }, opening }
    expect(reasonOf(auction, increments, [entry])).toMatch(/\$90\.00.*\$50\.00.*\$51\.00/)
  })

  test('shows the steps about the present price', () => {
    expect(rowsAbout(increments, 5_500).map(({ fromMinor }) => fromMinor)).toEqual([2_000, 5_000, 9_000, 20_000])
    expect(rowsAbout(increments, 0)[0]?.fromMinor).toBe(0)
  })
})

describe('what was typed', () => {
  test.each([
    ['12.50', { amountMinor: 1_250 }],
    ['1’200', { amountMinor: 120_000 }],
    ['12,5', { amountMinor: 1_250 }]
  ])('%s is a bid', (text, bid) => expect(bidFrom(text, anAuction())).toEqual(bid))
  test.each(['', 'ten', '1.234', '-5', '1e3'])('%s is none, and why is said', (text) =>
    expect(bidFrom(text, anAuction())).toContain('Write an amount such as 10.00')
  )
  test('pieces of a sale are counted, and no more than are left', () => {
    const sale = anAuction({ mode: 'fixed-price', quantityLeft: 3 })
    expect(bidFrom('2', sale)).toEqual({ amountMinor: 1_000, quantity: 2 })
    expect(bidFrom('4', sale)).toBe('Choose 1 to 3 pieces.')
  })
})
