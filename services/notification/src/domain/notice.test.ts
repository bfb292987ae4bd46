import { describe, expect, it } from 'vitest'
import { failureReasons } from '@gavel/contracts/errors.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { failedNotice, orderedNotice, outbidNotices, refundedNotice, wonNotice, type Titles } from './notice.ts'

const sale: Sale = {
  orderNumber: 'a1.1',
  auctionId: 'a1',
  productId: 'p1',
  userId: 'u1',
  quantity: 3,
  unitPriceMinor: 500,
  totalMinor: 1_500,
  currency: 'EUR',
  confirmedAt: 0
}
const titles: Titles = () => ({ title: 'A lamp', currency: 'EUR' })
const unknown: Titles = () => undefined
const closed = {
  auctionId: 'a1',
  productId: 'p1',
  title: 'A lamp',
  sequence: 3,
  outcome: 'sold' as const,
  winnerUserId: 'u1' as string | null,
  priceMinor: 1_500,
  currency: 'EUR',
  bidCount: 2,
  closedAt: 7,
  hash: ''
}

describe('a notice', () => {
  it('of an order says what, how many and how much', () => {
    expect(orderedNotice({ sale, paymentId: 'y1', createdAt: 5 }, titles)).toMatchObject({
      userId: 'u1',
      orderNumber: 'a1.1',
      text: 'Thank you: 3 pieces of “A lamp” for €15.00 is paid and ordered.'
    })
  })
  it('does without a title that is not known yet', () => {
    expect(orderedNotice({ sale, paymentId: 'y1', createdAt: 5 }, unknown).text).toContain('your item')
  })
  it.each(failureReasons)('of a failed sale has a sentence for %s', (reason) => {
    expect(failedNotice({ sale, reason, failedAt: 5 }, titles).text).toMatch(/^We are sorry: .+\.$/)
  })
  it('of a refund names the amount', () => {
    expect(refundedNotice({ sale, paymentId: 'y1', refundedAt: 5 }, titles).text).toContain('€15.00')
  })
  it('of a won auction goes to its winner, and there is none without one', () => {
    expect(wonNotice(closed)).toMatchObject({ userId: 'u1', kind: 'won' })
    expect(wonNotice({ ...closed, outcome: 'reserve-not-met' })).toBeUndefined()
    expect(wonNotice({ ...closed, winnerUserId: null })).toBeUndefined()
  })
  it('of being outbid goes once to each who was', () => {
    const standing = {
      priceMinor: 1_000,
      priceToBeatMinor: 1_100,
      leaderUserId: 'u9',
      reserveMet: true,
      bidCount: 2,
      quantityLeft: 1,
      endsAt: 9
    }
    const decided = {
      auctionId: 'a1',
      sequence: 2,
      decidedAt: 3,
      bids: [],
      outbidUserIds: ['u1', 'u2', 'u1'],
      standing,
      hash: ''
    }
    const notices = outbidNotices(decided, titles)
    expect(notices.map(({ userId }) => userId)).toEqual(['u1', 'u2'])
    expect(notices[0]!.text).toContain('€11.00')
  })
})
