import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOf, durationsOf } from './quantiles.ts'

const DAY_MS = 24 * 60 * 60_000
const durations = fc.array(fc.integer({ min: 1, max: 30 * DAY_MS }), { minLength: 1, maxLength: 300 })

const bucketsOf = (all: readonly number[]): Map<number, number> => {
  const buckets = new Map<number, number>()
  for (const each of all) buckets.set(bucketOf(each), (buckets.get(bucketOf(each)) ?? 0) + 1)
  return buckets
}

test('each quantile is within one per cent of the true one, and the count is exact', () => {
  fc.assert(
    fc.property(durations, (all) => {
      const { count, ...quantiles } = durationsOf(bucketsOf(all))
      expect(count).toBe(all.length)
      const rising = all.toSorted((left, right) => left - right)
      for (const [share, told] of [
        [0.5, quantiles.p50Ms],
        [0.95, quantiles.p95Ms],
        [0.99, quantiles.p99Ms]
      ] as const) {
        const exact = rising[Math.ceil(share * all.length) - 1]!
        // Half a millisecond for the rounding to whole ones.
        expect(Math.abs(told! - exact)).toBeLessThanOrEqual(exact * 0.0100001 + 0.5)
      }
    })
  )
})

test('counts of parts, added up, tell what the whole tells', () => {
  fc.assert(
    fc.property(durations, durations, (left, right) => {
      const added = bucketsOf(left)
      for (const [bucket, count] of bucketsOf(right)) added.set(bucket, (added.get(bucket) ?? 0) + count)
      expect(durationsOf(added)).toEqual(durationsOf(bucketsOf([...right, ...left])))
    })
  )
})

test('nothing has no quantiles, and a clock that went back counts as no time', () => {
  expect(durationsOf(new Map())).toEqual({ count: 0 })
  expect(durationsOf(bucketsOf([-5, 0, 1]))).toEqual({ count: 3, p50Ms: 1, p95Ms: 1, p99Ms: 1 })
})
