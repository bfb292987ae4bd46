import type { Durations } from '@gavel/contracts/api/statistics.ts'

/**
 * Durations as counts in buckets whose bounds grow by a constant factor: a quantile read from them is within one per cent of the true
 * one, and two of them are put together by adding their counts, in whichever order. So they are kept as any other figure is.
 */

const ACCURACY = 0.01
const GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
const LOG_GROWTH = Math.log(GROWTH)

/** Holds durations above GROWTH^(bucket-1) and up to GROWTH^bucket milliseconds; what is shorter than a millisecond is in the first. */
export const bucketOf = (durationMs: number): number => Math.ceil(Math.log(Math.max(1, durationMs)) / LOG_GROWTH)

/** The value that is off by the same share from both bounds. */
const valueOf = (bucket: number): number => Math.round((2 * GROWTH ** bucket) / (GROWTH + 1))

/** The nearest-rank quantiles of what the buckets hold. */
export function durationsOf(buckets: ReadonlyMap<number, number>): Durations {
  const rising = [...buckets].toSorted(([left], [right]) => left - right)
  const count = rising.reduce((sum, [, value]) => sum + value, 0)
  if (count === 0) return { count }
  const at = (share: number): number => {
    const rank = Math.ceil(share * count)
    let seen = 0
    const [bucket] = rising.find(([, value]) => (seen += value) >= rank)!
    return valueOf(bucket)
  }
  return { count, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
}
