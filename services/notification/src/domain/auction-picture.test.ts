import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterClosed,
  afterDecided,
  afterOpened,
  decidedEventOf,
  liveAuctionOf,
  newerOf,
  unknownAuction,
  type AuctionPicture,
  type Closed,
  type Decided,
  type Opened
} from './auction-picture.ts'
import { derivedPseudonym } from './pseudonym.ts'

const opened: Opened = {
  auctionId: 'a1',
  productId: 'p1',
  title: 'A lamp',
  mode: 'english',
  currency: 'EUR',
  openingPriceMinor: 1_000,
  quantity: 1,
  startsAt: 100,
  endsAt: 900
}
const decided = (sequence: number, leaderUserId: string | null = 'u1'): Decided => ({
  auctionId: 'a1',
  sequence,
  decidedAt: 200 + sequence,
  bids: [
    { bidId: 'b1', userId: 'u1', outcome: 'accepted', priceMinor: 1_000 + sequence, quantity: 1 },
    { bidId: 'b2', userId: 'u2', outcome: 'refused', code: 'BID_TOO_LOW', priceMinor: 1_000 + sequence, quantity: 1 }
  ],
  outbidUserIds: [],
  standing: {
    priceMinor: 1_000 + sequence,
    priceToBeatMinor: 1_050 + sequence,
    leaderUserId,
    reserveMet: true,
    bidCount: sequence,
    quantityLeft: 1,
    endsAt: 900 + sequence
  },
  hash: 'a'.repeat(64)
})
const closed: Closed = {
  auctionId: 'a1',
  productId: 'p1',
  title: 'A lamp',
  sequence: 6,
  outcome: 'sold',
  winnerUserId: 'u1',
  priceMinor: 1_005,
  currency: 'EUR',
  bidCount: 5,
  closedAt: 999,
  hash: 'b'.repeat(64)
}

type Step = { opened: Opened } | { decided: Decided } | { closed: Closed }
const steps: Step[] = [{ opened }, ...[1, 2, 3, 4, 5].map((sequence) => ({ decided: decided(sequence) })), { closed }]
const take = (picture: AuctionPicture, step: Step): AuctionPicture => {
  if ('opened' in step) return afterOpened(picture, step.opened)
  if ('decided' in step) return afterDecided(picture, step.decided, derivedPseudonym)
  return afterClosed(picture, step.closed, derivedPseudonym)
}

describe('what watchers see', () => {
  it('of an auction that only opened is its terms', () => {
    expect(liveAuctionOf(afterOpened(unknownAuction('a1'), opened), 50)).toMatchObject({
      status: 'scheduled',
      priceMinor: 0,
      priceToBeatMinor: 1_000,
      leader: null,
      endsAt: 900
    })
    expect(liveAuctionOf(afterOpened(unknownAuction('a1'), opened), 100)).toMatchObject({ status: 'open' })
  })
  it('of a fixed-price sale without a buyer is its price', () => {
    const picture = afterOpened(unknownAuction('a1'), { ...opened, mode: 'fixed-price', quantity: 10 })
    expect(liveAuctionOf(picture, 200)).toMatchObject({ priceMinor: 1_000, quantityLeft: 10 })
  })
  it('is nothing before the terms are known', () => {
    expect(liveAuctionOf(take(unknownAuction('a1'), { decided: decided(1) }), 200)).toBeUndefined()
  })
  it('of a closed auction is its outcome', () => {
    expect(liveAuctionOf(steps.reduce(take, unknownAuction('a1')), 2_000)).toMatchObject({
      status: 'closed',
      outcome: 'sold',
      closedAt: 999,
      priceMinor: 1_005,
      endsAt: 905
    })
  })
  it('names the leader as the ledger does, or by a derived name, never by his id', () => {
    const entry = decided(1)
    const named = {
      ...entry,
      standing: { ...entry.standing, leader: 'ledger-name' },
      bids: [{ ...entry.bids[0]!, bidder: 'ledger-name' }]
    }
    const state = (event: Decided) =>
      liveAuctionOf(afterDecided(afterOpened(unknownAuction('a1'), opened), event, derivedPseudonym), 200)!
    expect(state(named).leader).toBe('ledger-name')
    expect(decidedEventOf(state(named), named, derivedPseudonym).bids).toEqual([
      { bidder: 'ledger-name', priceMinor: 1_001 }
    ])
    expect(state(entry).leader).toBe(derivedPseudonym('a1', 'u1'))
    expect(JSON.stringify(decidedEventOf(state(entry), entry, derivedPseudonym))).not.toContain('"u1"')
  })
  it('counts what an entry accepted and refused', () => {
    const state = liveAuctionOf(steps.reduce(take, unknownAuction('a1')), 200)!
    expect(decidedEventOf(state, decided(1), derivedPseudonym)).toMatchObject({ accepted: 1, refused: 1 })
  })
})

describe('a picture', () => {
  const inOrder = steps.reduce(take, unknownAuction('a1'))
  it('never moves back, whatever comes late or twice', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 30 }), (arrivals) => {
        let before = unknownAuction('a1')
        for (const step of arrivals) {
          const after = take(before, step)
          expect(after.sequence).toBeGreaterThanOrEqual(before.sequence)
          before = after
        }
      })
    )
  })
  it('ends the same in whatever order all of it arrives', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(steps, { minLength: steps.length }), (arrivals) => {
        const { sequence, terms, closed: close, standing } = arrivals.reduce(take, unknownAuction('a1'))
        expect([sequence, terms, close]).toEqual([inOrder.sequence, inOrder.terms, inOrder.closed])
        expect(standing).toMatchObject({ priceMinor: 1_005, bidCount: 5, leader: inOrder.standing!.leader })
      })
    )
  })
  it('of memory and one of the store are joined to all that either knows', () => {
    const memory = take(unknownAuction('a1'), { decided: decided(4) })
    const stored = [steps[0]!, steps[1]!].reduce(take, unknownAuction('a1'))
    for (const joined of [newerOf(memory, stored), newerOf(stored, memory)]) {
      expect(joined).toMatchObject({ sequence: 4, terms: { title: 'A lamp' }, standing: { priceMinor: 1_004 } })
    }
  })
})
