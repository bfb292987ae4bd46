import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flawOf, isExpired, passesLuhn } from './card.ts'
import { behaviours } from '../sandbox/behaviour.ts'

const now = Date.UTC(2026, 10, 21)
const card = { number: '4242424242424242', expiryMonth: 12, expiryYear: 2030, code: '123' }

describe('a card', () => {
  it.each([
    ['a good card', card, undefined],
    ['a wrong digit', { ...card, number: '4242424242424241' }, 'number'],
    ['all zeros but too short', { ...card, number: '00000000000' }, 'number'],
    ['letters', { ...card, number: '4242x24242424242' }, 'number'],
    ['last month', { ...card, expiryMonth: 10, expiryYear: 2026 }, 'expiry'],
    ['this month', { ...card, expiryMonth: 11, expiryYear: 2026 }, undefined],
    ['a code too short for its brand', { ...card, number: '378282246310005' }, 'code'],
    ['four digits where the brand prints them', { ...card, number: '378282246310005', code: '1234' }, undefined],
    ['a code too long for its brand', { ...card, code: '1234' }, 'code']
  ])('with %s', (_name, candidate, flaw) => {
    expect(flawOf(candidate, now)).toBe(flaw)
  })

  it('is good through the last moment of its month anywhere on earth', () => {
    const endOfNovember = Date.UTC(2026, 11, 1)
    expect(isExpired({ expiryMonth: 11, expiryYear: 2026 }, endOfNovember)).toBe(false)
    expect(isExpired({ expiryMonth: 11, expiryYear: 2026 }, endOfNovember + 24 * 60 * 60 * 1000)).toBe(true)
  })

  it('with any one digit changed is caught', () => {
    fc.assert(
      fc.property(fc.nat({ max: 15 }), fc.integer({ min: 1, max: 9 }), (position, shift) => {
        const digits = card.number.split('').map(Number)
        digits[position] = (digits[position]! + shift) % 10
        expect(passesLuhn(digits.join(''))).toBe(false)
      })
    )
  })

  it('of the sandbox passes the check digit, whatever it does next', () => {
    for (const number of Object.keys(behaviours)) expect([number, passesLuhn(number)]).toEqual([number, true])
  })
})
