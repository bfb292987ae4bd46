import { describe, expect, test } from 'vitest'
import { someTerms } from './sample.ts'
import { Contenders, offerAfter } from './second-chance.ts'

describe('a second chance', () => {
  const terms = someTerms({ secondChance: true })
  test.each([
    ['the winner’s card was declined', terms, 1, 'PAYMENT_DECLINED', 2],
    ['the winner has no card', terms, 1, 'PAYMENT_METHOD_MISSING', 2],
    ['the next one’s card was declined too', terms, 2, 'PAYMENT_DECLINED', 3],
    ['enough were asked', terms, 4, 'PAYMENT_DECLINED', null],
    ['no stock: another buyer would not help', terms, 1, 'SOLD_OUT', null],
    ['timed out', terms, 1, 'TIMED_OUT', null],
    ['not wanted', someTerms(), 1, 'PAYMENT_DECLINED', null],
    ['fixed price', someTerms({ mode: 'fixed-price', secondChance: true }), 1, 'PAYMENT_DECLINED', null]
  ] as const)('%s', (_name, given, failed, reason, expected) =>
    expect(offerAfter(given, failed, reason, 3)).toBe(expected)
  )

  test('goes to the highest bidder who was not asked, the earlier of equals, never below the reserve', () => {
    const contenders = new Contenders()
    for (const [userId, amountMinor] of [
      ['win', 90],
      ['late', 50],
      ['b', 20],
      ['early', 70],
      ['late', 70],
      ['b', 30]
    ] as const) {
      contenders.add(userId, amountMinor)
    }
    expect(contenders.best(new Set(['win']), null)).toEqual({ userId: 'early', amountMinor: 70 })
    expect(contenders.best(new Set(['win', 'early']), null)).toEqual({ userId: 'late', amountMinor: 70 })
    expect(contenders.best(new Set(['win', 'early', 'late']), 30)).toEqual({ userId: 'b', amountMinor: 30 })
    expect(contenders.best(new Set(['win', 'early', 'late']), 31)).toBeNull()
    expect(contenders.best(new Set(['win', 'early', 'late', 'b']), null)).toBeNull()
  })
})
