import type { ScalerSpec } from './types.ts'

/** A spec with every default in place and times in milliseconds: what the decision reads. The simulator makes one without a cluster. */
export interface Policy {
  min: number
  max: number
  signals: SignalPolicy[]
  up: DirectionPolicy
  down: DirectionPolicy
  /** As a fraction: 0.1 is ten percent. */
  tolerance: number
  coolDownMs: number
  fallback: { replicas: number | undefined; afterFailures: number }
  budget: { maxChanges: number; windowMs: number } | undefined
  holdAbove: number
  holdLimitMs: number
  paused: boolean
  pausedIn: boolean
  pausedOut: boolean
  recommendOnly: boolean
  /** How long offsets must stand still before a partition counts as stalled. */
  stalledAfterMs: number
  /** Readings nearer together than this are not compared: consumers commit in lumps. At least a tenth of `stalledAfterMs`. */
  learnEveryMs: number
}

export interface DirectionPolicy {
  windowMs: number
  steps: { type: 'Pods' | 'Percent'; value: number; periodMs: number }[]
  select: 'Max' | 'Min' | 'Disabled'
}

export interface LagPolicy {
  type: 'lag'
  name: string
  maxCatchUpSeconds: number
  lagPerReplica: number
  activationLag: number
  withoutOffset: 'Earliest' | 'Latest'
  limitToPartitions: boolean
  evenDistribution: boolean
}
export interface RatePolicy {
  type: 'rate'
  name: string
  perReplica: number
  activation: number
}
export interface CalendarPolicy {
  type: 'calendar'
  name: string
  perReplica: number
  leadMs: number
  staleAfterMs: number
}
export type SignalPolicy = LagPolicy | RatePolicy | CalendarPolicy

/** How fast a test or a simulation may learn; a cluster keeps the defaults. */
export type Pace = Pick<Policy, 'stalledAfterMs' | 'learnEveryMs'>

export const defaultPace: Pace = { stalledAfterMs: 30_000, learnEveryMs: 3_000 }

export function policyOf(spec: ScalerSpec, pace: Pace = defaultPace): Policy {
  const { replicas, behavior, scaleToZero, fallback, rebalanceBudget, holdScaleIn } = spec
  return {
    min: spec.forceActive ? Math.max(1, replicas.min) : replicas.min,
    max: replicas.max,
    signals: spec.signals.map(signalOf),
    up: directionOf(behavior?.scaleUp, 0),
    down: directionOf(behavior?.scaleDown, 300),
    tolerance: (behavior?.tolerancePercent ?? 10) / 100,
    coolDownMs: (scaleToZero?.coolDownSeconds ?? 300) * 1000,
    fallback: {
      replicas: fallback?.behavior === 'Replicas' ? fallback.replicas : undefined,
      afterFailures: fallback?.afterFailures ?? 3
    },
    budget: rebalanceBudget && {
      maxChanges: rebalanceBudget.maxChanges,
      windowMs: rebalanceBudget.windowSeconds * 1000
    },
    holdAbove: holdScaleIn?.above ?? 0,
    holdLimitMs: (spec.holdLimitSeconds ?? 900) * 1000,
    paused: spec.paused ?? false,
    pausedIn: spec.pausedIn ?? false,
    pausedOut: spec.pausedOut ?? false,
    recommendOnly: spec.mode === 'Recommend',
    ...pace
  }
}

type Direction = NonNullable<NonNullable<ScalerSpec['behavior']>['scaleUp']>

const directionOf = (direction: Direction | undefined, windowSeconds: number): DirectionPolicy => ({
  windowMs: (direction?.stabilizationWindowSeconds ?? windowSeconds) * 1000,
  steps: (direction?.policies ?? []).map(({ type, value, periodSeconds }) => ({
    type,
    value,
    periodMs: periodSeconds * 1000
  })),
  select: direction?.selectPolicy ?? 'Max'
})

function signalOf({ name, kafkaLag, bidsPerSecond, auctionCalendar }: ScalerSpec['signals'][number]): SignalPolicy {
  if (kafkaLag) {
    return {
      type: 'lag',
      name,
      maxCatchUpSeconds: kafkaLag.maxCatchUpSeconds ?? 30,
      lagPerReplica: kafkaLag.lagPerReplica ?? 1000,
      activationLag: kafkaLag.activationLag ?? 0,
      withoutOffset: kafkaLag.withoutOffset ?? 'Earliest',
      limitToPartitions: kafkaLag.limitToPartitions ?? true,
      evenDistribution: kafkaLag.evenDistribution ?? false
    }
  }
  if (bidsPerSecond) {
    return { type: 'rate', name, perReplica: bidsPerSecond.perReplica, activation: bidsPerSecond.activation ?? 0 }
  }
  return {
    type: 'calendar',
    name,
    perReplica: auctionCalendar?.perReplica ?? 1,
    leadMs: (auctionCalendar?.leadSeconds ?? 120) * 1000,
    staleAfterMs: (auctionCalendar?.staleAfterSeconds ?? 120) * 1000
  }
}
