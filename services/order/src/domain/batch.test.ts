import * as fc from 'fast-check'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { describe, expect, test } from 'vitest'
import { decideBatch, type SaleFact } from './batch.ts'
import { timeToGiveBack } from './clock.ts'
import { begin, decide, type Fact, type Progress } from './progress.ts'

const timeouts = { stockMs: 1_000, paymentMs: 5_000 }
const sale: Sale = {
  orderNumber: 'auction.1',
  auctionId: 'auction',
  productId: 'lamp',
  userId: 'ada',
  quantity: 1,
  unitPriceMinor: 100,
  totalMinor: 100,
  currency: 'USD',
  confirmedAt: 0
}
const facts: Fact[] = [
  { fact: 'sale-confirmed' },
  { fact: 'stock-reserved' },
  { fact: 'stock-rejected', reason: 'SOLD_OUT' },
  { fact: 'stock-released' },
  { fact: 'end-asked' },
  { fact: 'payment-captured', paymentId: 'payment-1' },
  { fact: 'payment-declined', reason: 'PAYMENT_DECLINED' },
  { fact: 'payment-refunded' },
  { fact: 'deadline-passed' }
]
/** For certain: a deadline ends a sale only when it has passed. */
const endsASale = (fact: Fact): boolean =>
  ['stock-rejected', 'payment-captured', 'payment-declined'].includes(fact.fact)

/** Lets facts happen to one sale at the given times; answers where it stands and every end it was given. */
function play(happenings: { fact: Fact; at: number }[]) {
  let progress: Progress | undefined
  const ends = []
  for (const { fact, at } of happenings) {
    const decision = decide(progress ?? begin(sale, at, timeouts), fact, at, timeouts)
    progress = decision.progress
    if (decision.end) ends.push(decision.end)
  }
  return { progress, ends }
}

describe('a sale', () => {
  test('that is reserved and paid becomes an order', () => {
    const { progress, ends } = play([
      { fact: { fact: 'sale-confirmed' }, at: 0 },
      { fact: { fact: 'stock-reserved' }, at: 10 },
      { fact: { fact: 'payment-captured', paymentId: 'payment-1' }, at: 20 }
    ])
    expect(ends).toEqual([{ outcome: 'ordered', paymentId: 'payment-1' }])
    expect(progress).toMatchObject({ status: 'ordered', stock: 'reserved', payment: 'captured' })
  })
  test('that gets no stock fails with the reason', () => {
    expect(play([{ fact: { fact: 'stock-rejected', reason: 'STOCK_NOT_FOUND' }, at: 0 }]).ends).toEqual([
      { outcome: 'failed', reason: 'STOCK_NOT_FOUND' }
    ])
  })
  test('that is not paid fails with the reason', () => {
    expect(play([{ fact: { fact: 'payment-declined', reason: 'PAYMENT_METHOD_MISSING' }, at: 0 }]).ends).toEqual([
      { outcome: 'failed', reason: 'PAYMENT_METHOD_MISSING' }
    ])
  })
  test('is never ended a second time: a capture after the time-out makes no order', () => {
    const { progress, ends } = play([
      { fact: { fact: 'sale-confirmed' }, at: 0 },
      { fact: { fact: 'deadline-passed' }, at: 1_000 },
      { fact: { fact: 'payment-captured', paymentId: 'payment-1' }, at: 1_001 },
      { fact: { fact: 'payment-refunded' }, at: 1_002 }
    ])
    expect(ends).toEqual([{ outcome: 'failed', reason: 'TIMED_OUT' }])
    expect(progress).toMatchObject({ status: 'failed', payment: 'refunded' })
  })
  test('gets the time of the next step when a step is done', () => {
    const { progress, ends } = play([
      { fact: { fact: 'sale-confirmed' }, at: 0 },
      { fact: { fact: 'stock-reserved' }, at: 900 },
      { fact: { fact: 'deadline-passed' }, at: 1_000 }
    ])
    expect(ends).toEqual([])
    expect(progress?.deadlineAt).toBe(5_900)
  })
  test('whose end is asked for tells it again once it has one, and is left its own time while it has none', () => {
    const open = decide(begin(sale, 0, timeouts), { fact: 'stock-reserved' }, 900, timeouts).progress
    expect(decide(open, { fact: 'end-asked' }, 4_000, timeouts)).toEqual({ progress: open })
    const { progress: failed } = decide(open, { fact: 'deadline-passed' }, 5_900, timeouts)
    expect(decide(failed, { fact: 'end-asked' }, 6_000, timeouts)).toEqual({ progress: failed, tellAgain: true })
  })
  test('heard of first by the question for its end begins, with stock held and the time of the payment step', () => {
    const { progress, ends } = play([{ fact: { fact: 'end-asked' }, at: 100 }])
    expect(ends).toEqual([])
    expect(progress).toMatchObject({ status: 'open', stock: 'reserved', deadlineAt: 5_100 })
  })
  test('asked about in the batch that ends it is told of once', () => {
    const asked: SaleFact = { sale, fact: { fact: 'end-asked' } }
    const batch: SaleFact[] = [asked, { sale, fact: { fact: 'payment-captured', paymentId: 'payment-1' } }, asked]
    const { ends, tellAgain, changed } = decideBatch(new Map(), batch, 0, timeouts)
    expect({ ends: ends.length, tellAgain }).toEqual({ ends: 1, tellAgain: [] })
    const known = new Map(changed.map((progress) => [progress.sale.orderNumber, progress]))
    expect(decideBatch(known, [asked, asked], 0, timeouts).tellAgain).toEqual([asked])
  })
  test('does not move its deadline for a repeat', () => {
    const { progress } = play([
      { fact: { fact: 'stock-reserved' }, at: 0 },
      { fact: { fact: 'stock-reserved' }, at: 4_000 }
    ])
    expect(progress?.deadlineAt).toBe(5_000)
  })

  test('ends at most once in any order of arrival with any repeats, and by the first fact that can end it', () => {
    const happening = fc.record({ fact: fc.constantFrom(...facts), after: fc.nat(20_000) })
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (drawn) => {
        let at = 0
        const happenings = drawn.map(({ fact, after }) => ({ fact, at: (at += after) }))
        const { progress, ends } = play(happenings)
        expect(ends.length).toBe(progress === undefined || progress.status === 'open' ? 0 : 1)
        expect(ends.length).toBeGreaterThanOrEqual(happenings.some(({ fact }) => endsASale(fact)) ? 1 : 0)
        expect(progress?.status ?? 'open').toBe(ends[0]?.outcome ?? 'open')
      })
    )
  })

  test('comes to the same end whether its facts come one by one or in batches', () => {
    const drawn = fc.array(fc.constantFrom(...facts.filter(({ fact }) => fact !== 'deadline-passed')), {
      maxLength: 20
    })
    fc.assert(
      fc.property(drawn, fc.integer({ min: 1, max: 7 }), (happenings, batchSize) => {
        const before = new Map<string, Progress>()
        const ends = []
        for (let start = 0; start < happenings.length; start += batchSize) {
          const batch: SaleFact[] = happenings.slice(start, start + batchSize).map((fact) => ({ sale, fact }))
          const decision = decideBatch(before, batch, 0, timeouts)
          for (const progress of decision.changed) before.set(progress.sale.orderNumber, progress)
          ends.push(...decision.ends.map(({ end }) => end))
        }
        expect(ends).toEqual(play(happenings.map((fact) => ({ fact, at: 0 }))).ends)
      })
    )
  })
})

describe('the clock of the sagas', () => {
  test.each([
    ['the first look gives nothing back', undefined, 100_000, 0],
    ['an ordinary interval is charged', 100_000, 105_000, 0],
    ['an outage is given back whole', 100_000, 400_000, 300_000],
    ['a clock set back gives nothing', 100_000, 50_000, 0]
  ])('%s', (_, before, caughtUpAt, given) => {
    expect(timeToGiveBack(before, caughtUpAt, 30_000)).toBe(given)
  })
})
