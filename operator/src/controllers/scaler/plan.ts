import { downLimit, stabilize, upLimit, type Recommendation } from './behavior.ts'
import { learnCosts, worthOf, type Costs } from './costs.ts'
import { demandOf, type Demand, type Input } from './demand.ts'
import type { Policy } from './policy.ts'
import type { Sample, ScalerState } from './state.ts'

export interface Clamp {
  name: ClampName
  from: number
  to: number
  why: string
}
export type ClampName =
  | 'missing-data'
  | 'fallback'
  | 'tolerance'
  | 'even-distribution'
  | 'partitions'
  | 'max'
  | 'min'
  | 'auction-floor'
  | 'activation'
  | 'cool-down'
  | 'through-one'
  | 'stabilization'
  | 'step-up'
  | 'step-down'
  | 'rebalance-cost'
  | 'rebalance-budget'
  | 'rebalance'
  | 'gauge'
  | 'paused'
  | 'paused-in'
  | 'paused-out'

export interface Decision {
  at: number
  from: number
  to: number
  /** Why the target must not be written although `to` differs. */
  withheld: 'Recommend' | 'Rival' | 'Contested' | undefined
  inputs: Input[]
  clamps: Clamp[]
  demand: Demand
}

const contestedAfter = 3
const contestedWindowMs = 600_000
const recommendationsMax = 1000
const changesMax = 50

/** Decides how many replicas a target should have now. Pure: replaying the same samples gives the same decisions. */
export function decide(
  policy: Policy,
  before: ScalerState,
  sample: Sample,
  now: number
): { decision: Decision; state: ScalerState } {
  const demand = demandOf(policy, before, sample, now)
  const { replicas, ready } = sample
  const costs = learnCosts(before.costs, { replicas, ready, rebalancing: demand.rebalancing.length > 0, now })
  const foreign = [
    ...before.foreign.filter((at) => at > now - contestedWindowMs),
    ...(before.expected !== undefined && before.expected !== sample.replicas ? [now] : [])
  ].slice(-contestedAfter)
  const known = before.recommendations.length > 0
  const wish = new Wish(sample.replicas)
  const { floor, ceiling } = limitsOf(policy, demand)
  wish.value = wishOf(policy, { demand, wish, current: sample.replicas, ceiling })
  bound(wish, { policy, demand, floor, ceiling })
  const idleSince = demand.active || demand.missing.length > 0 ? undefined : (before.idleSince ?? now)
  toZero(wish, { policy, demand, floor, idleSince, now })

  const recommendations = [
    // Whoever starts anew does not know what the last minutes wished for: what is there counts as wished for.
    ...(known ? before.recommendations : [{ at: now - 1, replicas: sample.replicas }]),
    { at: now, replicas: wish.value }
  ]
    .filter(({ at }) => at > now - Math.max(policy.up.windowMs, policy.down.windowMs) || at === now)
    .slice(-recommendationsMax)
  const heldSince = slowDown(wish, { policy, before, sample, demand, costs, recommendations, floor, ceiling, now })
  pause(wish, policy)

  const contested = foreign.length >= contestedAfter
  const withheld = policy.recommendOnly
    ? 'Recommend'
    : sample.rival !== undefined
      ? 'Rival'
      : contested
        ? 'Contested'
        : undefined
  const applied = withheld === undefined && wish.value !== sample.replicas
  const longestMs = Math.max(
    policy.budget?.windowMs ?? 0,
    ...[...policy.up.steps, ...policy.down.steps].map(({ periodMs }) => periodMs)
  )
  return {
    decision: {
      at: now,
      from: sample.replicas,
      to: wish.value,
      withheld,
      inputs: demand.inputs,
      clamps: wish.clamps,
      demand
    },
    state: {
      ...demand.memory,
      costs: applied && wish.value > replicas ? { ...costs, growing: { at: now, to: wish.value } } : costs,
      recommendations: compact(recommendations),
      // Kept as long as a rule counts them, and where none does not at all.
      changes: [...before.changes, ...(applied ? [{ at: now, from: sample.replicas, to: wish.value }] : [])]
        .filter(({ at }) => at > now - longestMs)
        .slice(-changesMax),
      idleSince,
      heldSince,
      // A change that is not written leaves the figure to others, and theirs is then no interference.
      expected: withheld === undefined && !policy.paused ? wish.value : undefined,
      foreign: withheld === 'Contested' || withheld === undefined ? foreign : []
    }
  }
}

/** A number on its way through the rules, with a note of each rule that changed it. */
class Wish {
  value = 0
  readonly current: number
  readonly clamps: Clamp[] = []
  constructor(current: number) {
    this.current = current
  }
  clamp(name: ClampName, to: number, why: string): void {
    if (to === this.value) return
    this.clamps.push({ name, from: this.value, to, why })
    this.value = to
  }
}

function limitsOf({ min, max }: Policy, { partitions, floor }: Demand): { floor: number; ceiling: number } {
  const ceiling = Math.max(min, Math.min(max, partitions ?? Infinity))
  return { floor: Math.min(Math.max(min, floor), ceiling), ceiling }
}

function wishOf(
  policy: Policy,
  { demand, wish, current, ceiling }: { demand: Demand; wish: Wish; current: number; ceiling: number }
): number {
  wish.value = demand.wants
  if (demand.missing.length > 0 && wish.value < current)
    wish.clamp('missing-data', current, `${demand.missing.join(', ')} missing: no replica is taken away unseen`)
  const { replicas, afterFailures } = policy.fallback
  if (demand.failed.length > 0 && replicas !== undefined && wish.value < replicas)
    wish.clamp('fallback', replicas, `${demand.failed.join(', ')} missing ${afterFailures} times in a row`)
  // The tolerance comes before every cap, and never keeps a target under a cap that it should reach.
  const atCap = wish.value >= ceiling && current < ceiling
  if (current > 0 && demand.raw > 0 && demand.missing.length === 0 && !atCap) {
    if (Math.abs(demand.raw / current - 1) <= policy.tolerance)
      wish.clamp('tolerance', current, `${demand.raw.toFixed(2)} is within ${policy.tolerance * 100} % of ${current}`)
  }
  return wish.value
}

function bound(
  wish: Wish,
  { policy, demand, floor, ceiling }: { policy: Policy; demand: Demand; floor: number; ceiling: number }
): void {
  const { partitions } = demand
  if (demand.even && partitions !== undefined && wish.value > 0 && wish.value < partitions) {
    const divisors = Array.from({ length: partitions }, (_, index) => index + 1).filter((n) => partitions % n === 0)
    const even = divisors.find((n) => n >= wish.value && n <= ceiling) ?? divisors.findLast((n) => n <= ceiling)
    if (even !== undefined) wish.clamp('even-distribution', even, `a divisor of ${partitions} partitions`)
  }
  if (wish.value > ceiling) {
    if (ceiling < policy.max)
      wish.clamp('partitions', ceiling, `${partitions} partitions: more replicas would read nothing`)
    else wish.clamp('max', ceiling, `replicas.max is ${policy.max}`)
  }
  if (wish.value < policy.min) wish.clamp('min', policy.min, `replicas.min is ${policy.min}`)
  if (wish.value < floor) wish.clamp('auction-floor', floor, 'auctions are about to end')
}

/** Zero is reached only from one, after a cool-down; and left to one, unless a floor asks for more at once. */
function toZero(
  wish: Wish,
  given: { policy: Policy; demand: Demand; floor: number; idleSince: number | undefined; now: number }
): void {
  const { policy, demand, floor, idleSince, now } = given
  const { current } = wish
  if (current === 0 && wish.value > 0 && floor === 0 && demand.active)
    return wish.clamp('activation', 1, 'a target at zero is woken with one replica')
  if (wish.value > 0 || current === 0) return
  const idleMs = idleSince === undefined ? 0 : now - idleSince
  if (current > 1) return wish.clamp('through-one', 1, 'zero is reached only through one')
  if (idleMs < policy.coolDownMs)
    wish.clamp('cool-down', 1, `idle for ${Math.round(idleMs / 1000)} of ${policy.coolDownMs / 1000} s`)
}

interface Slowing {
  policy: Policy
  before: ScalerState
  sample: Sample
  demand: Demand
  costs: Costs
  recommendations: readonly Recommendation[]
  floor: number
  ceiling: number
  now: number
}

/** Windows, steps and budget. They never keep a target outside of its hard limits. */
function slowDown(wish: Wish, given: Slowing): number | undefined {
  const { policy, before, sample, demand, costs, recommendations, floor, ceiling, now } = given
  const { current } = wish
  const within = (value: number): number => Math.min(Math.max(value, Math.min(floor, ceiling)), ceiling)
  const zeroStep = current <= 1 && wish.value <= 1
  if (!zeroStep)
    wish.clamp(
      'stabilization',
      within(stabilize(policy, recommendations, current, now)),
      stabilizationWhy(policy, wish)
    )
  if (wish.value > current)
    wish.clamp(
      'step-up',
      within(Math.min(wish.value, upLimit(policy.up, before.changes, current, now))),
      'the scale-up policies allow no larger step now'
    )
  if (wish.value < current)
    wish.clamp(
      'step-down',
      within(Math.max(wish.value, downLimit(policy.down, before.changes, current, now))),
      'the scale-down policies allow no larger step now'
    )
  const loss = wish.value > current && current > 0 ? lossOf(wish, demand, costs) : undefined
  // A clamp by the hard limits still goes through.
  if (loss !== undefined) wish.clamp('rebalance-cost', within(Math.max(current, demand.ratesWant)), loss)
  const spent = policy.budget ? before.changes.filter(({ at }) => at > now - (policy.budget?.windowMs ?? 0)).length : 0
  if (policy.budget && spent >= policy.budget.maxChanges && wish.value !== current && current > 0)
    wish.clamp(
      'rebalance-budget',
      within(current),
      `${spent} changes in the last ${policy.budget.windowMs / 1000} s: each makes the group rebalance`
    )
  return holdScaleIn(wish, { policy, before, sample, demand, now, within })
}

/** Why more replicas would only cost a rebalance, where every backlog would be gone sooner without them. */
function lossOf({ value, current }: Wish, demand: Demand, costs: Costs): string | undefined {
  const lags = Object.values(demand.lags).filter(({ lag }) => lag > 0)
  const worths = lags.map((lag) => worthOf(lag, { from: current, to: value, costs }))
  const [worth] = worths
  if (worth === undefined || !worths.every((each) => each !== undefined && each.without <= each.with)) return undefined
  const seconds = (figure: number): number => Math.round(figure)
  return `the backlog is gone in ${seconds(worth.without)} s; with the start and the rebalance of ${value} it would take ${seconds(worth.with)} s`
}

const stabilizationWhy = (policy: Policy, { value, current }: Wish): string =>
  value < current
    ? `the highest wish of the last ${policy.down.windowMs / 1000} s`
    : `the lowest wish of the last ${policy.up.windowMs / 1000} s`

function holdScaleIn(
  wish: Wish,
  given: Pick<Slowing, 'policy' | 'before' | 'sample' | 'demand' | 'now'> & { within: (value: number) => number }
): number | undefined {
  const { policy, before, sample, demand, now, within } = given
  const { gauge } = sample
  const inFlight = gauge !== undefined && (!gauge.ok || gauge.value > policy.holdAbove)
  if (wish.value >= wish.current || (demand.rebalancing.length === 0 && !inFlight)) return undefined
  const heldSince = before.heldSince ?? now
  // A hold has an end: a gauge that is stuck must not keep replicas for ever.
  if (now - heldSince >= policy.holdLimitMs) return heldSince
  if (demand.rebalancing.length > 0)
    wish.clamp('rebalance', within(wish.current), `the group of ${demand.rebalancing.join(', ')} is rebalancing`)
  if (inFlight)
    wish.clamp(
      'gauge',
      within(wish.current),
      gauge.ok ? `the gauge is at ${gauge.value}, above ${policy.holdAbove}` : `the gauge is missing: ${gauge.why}`
    )
  return heldSince
}

function pause(wish: Wish, policy: Policy): void {
  if (policy.paused) return wish.clamp('paused', wish.current, 'spec.paused is set')
  if (policy.pausedIn && wish.value < wish.current) wish.clamp('paused-in', wish.current, 'spec.pausedIn is set')
  if (policy.pausedOut && wish.value > wish.current) wish.clamp('paused-out', wish.current, 'spec.pausedOut is set')
}

/** Of a run of the same wish its newest moment is all that a window asks for. */
const compact = (recommendations: Recommendation[]): Recommendation[] =>
  recommendations.filter(({ replicas }, index) => replicas !== recommendations[index + 1]?.replicas)
