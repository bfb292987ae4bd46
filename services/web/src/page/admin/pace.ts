import type { StatisticsSeries, WindowChange } from '@gavel/contracts/api/statistics.ts'

export type Pace = { at: number; accepted: number; refused: number }

const sum = (by: Record<string, number> = {}): number => Object.values(by).reduce((all, each) => all + each, 0)
const paceOf = (at: number, by: Record<string, number> = {}): Pace => {
  const accepted = by['accepted'] ?? 0
  return { at, accepted, refused: sum(by) - accepted }
}

/**
 * The last seconds up to now, one row each: those of the series as it was read, replaced by what the stream said since. A second in which
 * nothing happened has a row of zero.
 */
export function lastSeconds(
  series: StatisticsSeries | undefined,
  changes: ReadonlyMap<number, WindowChange>,
  now: number,
  seconds: number
): Pace[] {
  const read = new Map((series?.points ?? []).map(({ at, by }) => [at, by]))
  const last = Math.floor(now / 1000) * 1000
  return Array.from({ length: seconds }, (_, index) => {
    const at = last - (seconds - 1 - index) * 1000
    return paceOf(at, changes.get(at)?.by ?? read.get(at))
  })
}

/** Old windows are let go of, so that a dashboard may stay open for days. */
export function withChange(
  changes: ReadonlyMap<number, WindowChange>,
  change: WindowChange,
  keptMs: number
): Map<number, WindowChange> {
  const newest = Math.max(change.at, ...changes.keys())
  return new Map([...changes, [change.at, change] as const].filter(([at]) => at > newest - keptMs))
}
