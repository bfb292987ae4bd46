import { expect, test } from 'vitest'
import { queryOf } from './find-query.ts'

test.each([
  ['', { limit: 24, facets: true }],
  ['q=+steel+watch+&brand=Meridian', { limit: 24, facets: true, q: 'steel watch', brand: 'Meridian' }],
  ['min=10&max=20.5', { limit: 24, facets: true, currency: 'USD', priceMinMinor: 1_000, priceMaxMinor: 2_050 }],
  ['min=cheap&order=price-ascending', { limit: 24, facets: true, currency: 'USD', order: 'price-ascending' }],
  ['inStock=1&soon=1&order=nonsense', { limit: 24, facets: true, inStock: true, endingWithinMs: 86_400_000 }]
])('the address %j asks the search for what it says', (search, query) => {
  expect(queryOf(new URLSearchParams(search))).toEqual(query)
})
