import { describe, expect, test } from 'vitest'
import * as bidding from '@gavel/contracts/api/bidding.ts'
import { services } from '@gavel/contracts/services.ts'
import { nextOf } from './account/next.ts'
import { stepsOf } from './account/sale-story.ts'
import { formatMoney, plainAmount } from './money.ts'
import { stepPath } from './parts/step-path.ts'
import { formatSpan, formatTimeLeft, spokenDuration } from './time.ts'

test('an operation is called by the name under which it is exported: that is its id', () => {
  const own = Object.entries(bidding).filter(([, value]) => 'method' in value && 'path' in value)
  expect(own.length).toBeGreaterThan(5)
  for (const [name, value] of own) expect((value as { id: string }).id).toBe(name)
  expect(services.flatMap(({ operations }) => operations).length).toBeGreaterThan(own.length)
})

describe('after signing in, the way leads on', () => {
  test.each([
    ['next=%2Fauctions%2Fa', '/auctions/a'],
    ['', '/'],
    ['next=https%3A%2F%2Fevil.example', '/'],
    ['next=%2F%2Fevil.example', '/'],
    ['next=%2F%5Cevil.example', '/']
  ])('%s leads to %s', (search, to) => expect(nextOf(search)).toBe(to))
})

test('a chart is flat between changes and goes up at once', () => {
  const steps = [
    { at: 0, value: 10 },
    { at: 50, value: 20 }
  ]
  const { line } = stepPath(steps, 100, { width: 200, height: 112 })
  expect(line).toBe('M0.0 106.0H100.0V6.0H200.0')
})

test('amounts are in the currency’s own digits', () => {
  expect(formatMoney(123_456, 'USD')).toBe('$1,234.56')
  expect(plainAmount(500, 'JPY')).toBe('500')
  expect(formatMoney(500, 'JPY')).toBe('¥500')
})

test('time is told as people read it', () => {
  expect([90_061_000 * 2, 3_723_000, 65_000, 9_000, -1].map(formatTimeLeft)).toEqual([
    '2 d 2 h',
    '1:02:03',
    '1:05',
    '0:09',
    '0:00'
  ])
  expect([1_000, 90_000, 300_000].map(spokenDuration)).toEqual(['1 second', '90 seconds', '5 minutes'])
  expect([12, 3_400, 300_000].map(formatSpan)).toEqual(['12 ms', '3.4 s', '5 min'])
})

describe('the story of a sale', () => {
  const sale = {} as never
  const at = { sale, startedAt: 0, deadlineAt: 1 }
  test('a sale under way waits at its first open step', () => {
    const steps = stepsOf({ ...at, status: 'open', stock: 'reserved', payment: 'waiting' })
    expect(steps.map(({ state }) => state)).toEqual(['done', 'done', 'now', 'later'])
  })
  test('a declined card says so, and that nothing was charged', () => {
    const steps = stepsOf({
      ...at,
      status: 'failed',
      stock: 'released',
      payment: 'declined',
      reason: 'PAYMENT_DECLINED'
    })
    expect(steps.map(({ state }) => state)).toEqual(['done', 'bad', 'bad', 'bad'])
    expect(steps[2]?.text).toContain('Nothing was charged')
  })
})
