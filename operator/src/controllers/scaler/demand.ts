import { assessLag, emptyLagMemory, roundUp, type LagAssessment, type LagReading } from './lag.ts'
import type { CalendarPolicy, LagPolicy, Policy, RatePolicy } from './policy.ts'
import type { Counted, CalendarReading, RateReading, Reading, Sample, ScalerState } from './state.ts'

export interface Input {
  signal: string
  /** Absent when the signal is missing. */
  wants?: number
  why: string
}

/** What the signals ask for together. */
export interface Demand {
  inputs: Input[]
  /** The largest wish, unrounded, and rounded up. */
  raw: number
  wants: number
  /** Of these, what the rates ask for: replicas for work that is no backlog. */
  ratesWant: number
  active: boolean
  floor: number
  /** Demand signals without a reading, and those missing for long enough to fall back. */
  missing: string[]
  failed: string[]
  /** Partitions of the widest group among the lag signals that limit replicas; undefined where none does. */
  partitions: number | undefined
  even: boolean
  lags: Record<string, LagAssessment>
  rebalancing: string[]
  memory: Pick<ScalerState, 'lag' | 'counters' | 'calendars' | 'failures'>
}

const figure = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(2)))

export function demandOf(policy: Policy, state: ScalerState, sample: Sample, now: number): Demand {
  const demand: Demand = {
    inputs: [],
    raw: 0,
    wants: 0,
    ratesWant: 0,
    active: false,
    floor: 0,
    missing: [],
    failed: [],
    partitions: undefined,
    even: false,
    lags: {},
    rebalancing: [],
    memory: { lag: {}, counters: {}, calendars: {}, failures: {} }
  }
  for (const signal of policy.signals) {
    const found = sample.signals[signal.name]
    switch (signal.type) {
      case 'lag':
        addLag(demand, signal, { policy, state, sample, now, reading: found?.type === 'lag' ? found.reading : unread })
        break
      case 'rate':
        addRate(demand, signal, { policy, state, now, reading: found?.type === 'rate' ? found.reading : unread })
        break
      case 'calendar':
        addCalendar(demand, signal, { state, now, reading: found?.type === 'calendar' ? found.reading : unread })
        break
      default:
        signal satisfies never
    }
  }
  return demand
}

const unread: Reading<never> = { ok: false, why: 'it was not read' }

function addLag(
  demand: Demand,
  signal: LagPolicy,
  given: { policy: Policy; state: ScalerState; sample: Sample; now: number; reading: Reading<LagReading> }
): void {
  const { policy, state, sample, now, reading } = given
  const before = state.lag[signal.name] ?? emptyLagMemory
  if (!reading.ok) {
    demand.memory.lag[signal.name] = before
    // The cap stays what it was: a reading that is missing must not let replicas grow past the partitions.
    const partitions = before.ring.at(-1)?.partitions.size
    if (signal.limitToPartitions && partitions !== undefined) limitTo(demand, partitions)
    return addMissing(demand, signal.name, reading.why, { policy, state })
  }
  const world = { replicas: sample.replicas, ready: sample.ready, now, pace: policy }
  const { assessment, memory } = assessLag(signal, before, reading.value, world)
  demand.memory.lag[signal.name] = memory
  demand.lags[signal.name] = assessment
  if (/Rebalance|Assigning|Reconciling/.test(reading.value.groupState ?? '')) demand.rebalancing.push(signal.name)
  if (signal.limitToPartitions) limitTo(demand, assessment.partitions)
  demand.even ||= signal.evenDistribution
  const basis = assessment.learned
    ? `at ${figure(assessment.drain?.perSecond ?? 0)}/s a replica and ${figure(assessment.arrival)}/s coming in, to catch up within ${signal.maxCatchUpSeconds} s`
    : `at ${signal.lagPerReplica} a replica, as long as the drain rate is not learned`
  addWish(demand, signal.name, {
    raw: assessment.raw,
    wants: assessment.wants,
    active: assessment.active,
    why: `lag ${figure(assessment.lag)} over ${assessment.partitions} partitions is work for ${figure(assessment.work)} replicas ${basis}`,
    shown: assessment.wants
  })
}

/** Each replica joins every group, so the group with the most partitions says how many replicas find something to read. */
const limitTo = (demand: Demand, partitions: number): void => {
  demand.partitions = Math.max(demand.partitions ?? 0, partitions)
}

function addRate(
  demand: Demand,
  signal: RatePolicy,
  { policy, state, now, reading }: { policy: Policy; state: ScalerState; now: number; reading: Reading<RateReading> }
): void {
  const before = state.counters[signal.name]
  if (!reading.ok) {
    if (before) demand.memory.counters[signal.name] = before
    return addMissing(demand, signal.name, reading.why, { policy, state })
  }
  let perSecond: number
  if ('counters' in reading.value) {
    const counted = countedNow(before, { at: now, counters: reading.value.counters })
    demand.memory.counters[signal.name] = counted
    const rate = counted.perSecond
    if (rate === undefined)
      return addMissing(demand, signal.name, 'a counter gives a rate from its second reading on', { policy, state })
    perSecond = rate
  } else perSecond = reading.value.perSecond
  const active = perSecond > signal.activation
  const raw = active ? perSecond / signal.perReplica : 0
  const wants = active ? Math.max(1, roundUp(raw)) : 0
  demand.ratesWant = Math.max(demand.ratesWant, wants)
  addWish(demand, signal.name, {
    raw,
    wants,
    active,
    why: `${figure(perSecond)} bids/s at ${figure(signal.perReplica)} a replica`
  })
}

/** A pod that came or went, or began to count anew, says nothing about this stretch; the others are taken as they are. */
/** A change of the target has the counters read again at once; so soon after each other their growth is chance, and the last rate stands. */
const spanMs = 1_000

function countedNow(before: Counted | undefined, after: Counted): Counted {
  if (!before) return after
  if (before.perSecond !== undefined && after.at - before.at < spanMs) return before
  const perSecond = growthOf(before, after)
  return perSecond === undefined ? after : { ...after, perSecond }
}

function growthOf(before: Counted, after: Counted): number | undefined {
  const grown = Object.entries(after.counters).flatMap(([address, value]) => {
    const was = before.counters[address]
    return was === undefined || value < was ? [] : [value - was]
  })
  if (grown.length === 0 || after.at <= before.at) return undefined
  const perSecond = (grown.reduce((sum, each) => sum + each, 0) * 1000) / (after.at - before.at)
  return perSecond * (Object.keys(after.counters).length / grown.length)
}

function addCalendar(
  demand: Demand,
  signal: CalendarPolicy,
  { state, now, reading }: { state: ScalerState; now: number; reading: Reading<CalendarReading> }
): void {
  const known = reading.ok ? { at: now, endings: reading.value.endings } : state.calendars[signal.name]
  if (known) demand.memory.calendars[signal.name] = known
  if (!known || now - known.at > signal.staleAfterMs) {
    const why = reading.ok ? '' : reading.why
    demand.inputs.push({ signal: signal.name, why: `the calendar is stale and ignored: ${why}` })
    return
  }
  // Ready by then, not only asked for.
  const leadMs = signal.leadMs + (state.costs.startMs ?? 0)
  const ending = known.endings.filter((at) => at > now && at <= now + leadMs).length
  const floor = Math.ceil(ending / signal.perReplica)
  demand.floor = Math.max(demand.floor, floor)
  demand.inputs.push({
    signal: signal.name,
    wants: floor,
    why: `${ending} auctions end within ${Math.round(leadMs / 1000)} s, at ${signal.perReplica} a replica`
  })
}

function addWish(
  demand: Demand,
  signal: string,
  { raw, wants, active, why, shown }: { raw: number; wants: number; active: boolean; why: string; shown?: number }
): void {
  demand.memory.failures[signal] = 0
  demand.inputs.push({ signal, wants: shown ?? Number(raw.toFixed(2)), why })
  demand.raw = Math.max(demand.raw, raw)
  demand.wants = Math.max(demand.wants, wants)
  demand.active ||= active
}

function addMissing(
  demand: Demand,
  signal: string,
  why: string,
  { policy, state }: { policy: Policy; state: ScalerState }
): void {
  const failures = Math.min((state.failures[signal] ?? 0) + 1, 1000)
  demand.memory.failures[signal] = failures
  demand.missing.push(signal)
  if (failures >= policy.fallback.afterFailures) demand.failed.push(signal)
  demand.inputs.push({ signal, why: `missing: ${why}` })
}
