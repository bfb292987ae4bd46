import type { LagAssessment } from './lag.ts'

/** What a change of replicas costs in time, learned from the changes themselves. Undefined until it was seen once. */
export interface Costs {
  /** From the decision until the new replicas are ready; a resolution of one reading. */
  startMs: number | undefined
  /** How long a consumer group stands still while its partitions are dealt out anew. */
  rebalanceMs: number | undefined
  /** New replicas that are not ready yet. */
  growing: { at: number; to: number } | undefined
  rebalancingSince: number | undefined
}

export const unknownCosts: Costs = {
  startMs: undefined,
  rebalanceMs: undefined,
  growing: undefined,
  rebalancingSince: undefined
}

/** A start that takes longer is a fault of its own, such as an image that cannot be pulled, and teaches nothing. */
const startMaxMs = 600_000
const rebalanceMaxMs = 120_000
const weight = 0.3

/** A slow one counts at once, and is forgotten slowly: being warm too early costs little, being late costs the rush. */
const cautious = (known: number | undefined, measured: number): number =>
  known === undefined ? measured : Math.max(measured, known + weight * (measured - known))

export function learnCosts(
  before: Costs,
  seen: { replicas: number; ready: number; rebalancing: boolean; now: number }
): Costs {
  const { replicas, ready, rebalancing, now } = seen
  let { startMs, rebalanceMs, growing, rebalancingSince } = before
  if (growing && (replicas < growing.to || now - growing.at > startMaxMs)) growing = undefined
  if (growing && ready >= growing.to) {
    startMs = cautious(startMs, now - growing.at)
    growing = undefined
  }
  if (rebalancing) rebalancingSince ??= now
  else if (rebalancingSince !== undefined) {
    const lasted = now - rebalancingSince
    if (lasted <= rebalanceMaxMs) rebalanceMs = cautious(rebalanceMs, lasted)
    rebalancingSince = undefined
  }
  return { startMs, rebalanceMs, growing, rebalancingSince }
}

/**
 * Whether more replicas would be ahead with this backlog, or only pay for a rebalance: the old ones go on while the new ones start, then
 * all stand still while partitions are dealt out, then all go on. Undefined where that is not known; then nothing is held back.
 *
 * @returns seconds until the backlog is gone with the replicas there are, and with the change.
 */
export function worthOf(
  { lag, arrival, drain, learned }: Pick<LagAssessment, 'lag' | 'arrival' | 'drain' | 'learned'>,
  change: { from: number; to: number; costs: Costs }
): { without: number; with: number } | undefined {
  const { from, to, costs } = change
  if (!learned || !drain || lag === 0 || costs.startMs === undefined || costs.rebalanceMs === undefined)
    return undefined
  const before = drain.perSecond * from - arrival
  const after = drain.perSecond * to - arrival
  // Who does not keep up needs the replicas, whatever they cost.
  if (before <= 0 || after <= 0) return undefined
  const start = costs.startMs / 1000
  const pause = costs.rebalanceMs / 1000
  const without = lag / before
  if (without <= start) return { without, with: start + pause }
  const left = lag - before * start + arrival * pause
  return { without, with: start + pause + left / after }
}
