import { expect, test } from 'vitest'
import { fieldOf, metricOf } from './figures.ts'

const page = `# HELP bids_total Bids.
bids_total{mode="english",note="a } in a label"} 40
bids_total{mode="fixed"} 2 1700000000000
bids_total_created 99
open_sales 3
broken NaN
`

test.each([
  ['bids_total', 42],
  ['open_sales', 3]
])('%s is summed over its labels', (metric, expected) => {
  expect(metricOf(page, metric)).toBe(expected)
})

test.each(['bids', 'broken', 'absent'])('%s is missing and no zero', (metric) => {
  expect(() => metricOf(page, metric)).toThrow(/there is no|not a number/)
})

test('a field is found by its path, and must be a number', () => {
  expect(fieldOf('{"rates":{"bids":12.5}}', 'rates.bids')).toBe(12.5)
  expect(() => fieldOf('{"rates":{"bids":"12"}}', 'rates.bids')).toThrow(/no number/)
  expect(() => fieldOf('{"rates":null}', 'rates.bids')).toThrow(/no number/)
})
