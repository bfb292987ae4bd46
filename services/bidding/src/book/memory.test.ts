import { describe, expect, test } from 'vitest'
import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { RecentBids } from './recent-bids.ts'
import { WaitingBids } from './waiting-bids.ts'

const someReceipt = (bidId: string): BidReceipt => ({
  bidId,
  auctionId: 'a',
  sequence: 1,
  index: 0,
  outcome: 'accepted',
  leading: true,
  priceMinor: 1,
  priceToBeatMinor: 2,
  quantity: 1,
  endsAt: 1,
  decidedAt: 1,
  hash: '0'.repeat(64)
})
const limits = { entryBidsMax: 3, entryBytesMax: 10_000, waitingMax: 5 }
const bid = (bidId: string, amountMinor = 5) => ({ userId: 'ann', bidId, amountMinor, quantity: 1 })

describe('recent bids', () => {
  test('the newest are found, the oldest are forgotten, and their number is bounded', () => {
    const recent = new RecentBids(10)
    for (let index = 0; index < 100; index += 1) {
      recent.keep('a', `k${index}`, { receipt: someReceipt(`b${index}`), amountMinor: 1, quantity: 1 })
    }
    const found = Array.from({ length: 100 }, (_, index) => recent.find('a', `k${index}`)).filter(Boolean)
    expect(found.length).toBeLessThanOrEqual(10)
    expect(recent.find('a', 'k99')?.receipt.bidId).toBe('b99')
    expect(recent.find('b', 'k99')).toBeUndefined()
  })
})

describe('waiting bids', () => {
  test('leave in the order in which they came, no more at once than an entry holds', () => {
    const waiting = new WaitingBids('a', new RecentBids(10), limits)
    for (const id of ['1', '2', '3', '4', '5']) void waiting.join(bid(id))
    expect(waiting.takeEntry().map((one) => one.bidId)).toEqual(['1', '2', '3'])
    expect(waiting.takeEntry().map((one) => one.bidId)).toEqual(['4', '5'])
    expect(waiting.takeEntry()).toEqual([])
  })

  test('an entry’s bytes are bounded, yet it always takes one', () => {
    const waiting = new WaitingBids('a', new RecentBids(10), { ...limits, entryBytesMax: 400 })
    for (const id of ['1', '2', '3']) void waiting.join(bid(id))
    expect(waiting.takeEntry()).toHaveLength(2)
    const tiny = new WaitingBids('a', new RecentBids(10), { ...limits, entryBytesMax: 1 })
    void tiny.join(bid('1'))
    expect(tiny.takeEntry()).toHaveLength(1)
  })

  test('the same bid while the first waits, is written or is answered shares one receipt', async () => {
    const waiting = new WaitingBids('a', new RecentBids(10), limits)
    const first = waiting.join(bid('1'))
    const second = waiting.join(bid('1'))
    const [taken] = waiting.takeEntry()
    const third = waiting.join(bid('1'))
    await expect(waiting.join(bid('1', 6))).rejects.toMatchObject({ code: 'BID_ID_REUSED' })
    expect(waiting.length).toBe(0)
    if (taken) waiting.answer(taken, someReceipt('1'))
    const receipts = [await first, await second, await third, await waiting.join(bid('1'))]
    expect(new Set(receipts).size).toBe(1)
    await expect(waiting.join(bid('1', 6))).rejects.toMatchObject({ code: 'BID_ID_REUSED' })
    expect(waiting.unanswered).toBe(0)
  })

  test('more than may wait are refused, and what was refused may come again', async () => {
    const waiting = new WaitingBids('a', new RecentBids(10), limits)
    const joined = ['1', '2', '3', '4', '5'].map((id) => waiting.join(bid(id)))
    await expect(waiting.join(bid('6'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    for (const one of waiting.takeAll()) waiting.refuse(one, new Refusal('UNAVAILABLE'))
    expect((await Promise.allSettled(joined)).every((one) => one.status === 'rejected')).toBe(true)
    void waiting.join(bid('1'))
    expect(waiting.length).toBe(1)
  })
})
