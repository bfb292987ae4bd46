import { assert, double, integer, oneof, property, stringMatching } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideTerms, decodePageEnd, encodePageEnd, type SearchTerms } from './search-terms.ts'

const terms = (overrides: Partial<SearchTerms> = {}): SearchTerms => ({
  brand: undefined,
  category: undefined,
  currency: undefined,
  priceMinMinor: undefined,
  priceMaxMinor: undefined,
  inStock: false,
  endingWithinMs: undefined,
  order: 'newest',
  ...overrides
})

describe('the terms of a search', () => {
  test('are in the order that words or their absence suggest', () => {
    expect(decideTerms({}, false)).toEqual({ status: 'valid', terms: terms() })
    expect(decideTerms({ brand: 'Omega', inStock: true }, true)).toEqual({
      status: 'valid',
      terms: terms({ brand: 'Omega', inStock: true, order: 'relevance' })
    })
    expect(decideTerms({ order: 'newest' }, true)).toEqual({ status: 'valid', terms: terms() })
  })

  test.each([
    ['relevance without words', { order: 'relevance' }, 'order'],
    ['a price without a currency', { priceMinMinor: 1 }, 'currency'],
    ['an order by price without a currency', { order: 'price-ascending' }, 'currency'],
    ['a range upside down', { currency: 'USD', priceMinMinor: 2, priceMaxMinor: 1 }, 'priceMaxMinor']
  ] as const)('are refused with %s', (_, asked, member) => {
    expect(decideTerms(asked, false)).toMatchObject({ status: 'invalid', member })
  })
})

describe('a cursor', () => {
  test('finds its place again, ranks to the last digit', () => {
    const value = oneof(integer({ min: 0 }), double({ min: 0, max: 10, noNaN: true }))
    assert(
      property(value, stringMatching(/^[A-Za-z0-9_-]{1,64}$/), (at, productId) => {
        const end = { value: Object.is(at, -0) ? 0 : at, productId }
        expect(decodePageEnd(encodePageEnd(end, 'q', terms()), 'q', terms())).toEqual(end)
      })
    )
  })

  test('of another search is none, nor one that was altered or made up', () => {
    const cursor = encodePageEnd({ value: 1, productId: 'a' }, 'watch', terms())
    expect(decodePageEnd(cursor, 'clock', terms())).toBeUndefined()
    expect(decodePageEnd(cursor, 'watch', terms({ brand: 'Omega' }))).toBeUndefined()
    expect(decodePageEnd(`${cursor}A`, 'watch', terms())).toBeUndefined()
    expect(decodePageEnd(cursor.slice(1), 'watch', terms())).toBeUndefined()
    for (const made of [
      '',
      'x',
      Buffer.from('1 a AAAAAAAA').toString('base64url'),
      Buffer.from('NaN a b').toString('base64url')
    ])
      expect(decodePageEnd(made, undefined, terms())).toBeUndefined()
  })
})
