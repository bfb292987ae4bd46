import type { Change, Recommendation } from './behavior.ts'
import { unknownCosts, type Costs } from './costs.ts'
import type { LagMemory, LagReading } from './lag.ts'
import type { ScalerStatus } from './types.ts'

/** A reading, or why there is none. A missing reading is never a zero. */
export type Reading<T> = { ok: true; value: T } | { ok: false; why: string }

/** Counters when they were read, and the rate that was found then. */
export interface Counted {
  at: number
  counters: Record<string, number>
  perSecond?: number
}

/** A rate as such, or counters by the address that tells them, whose growth is the rate. */
export type RateReading = { perSecond: number } | { counters: Record<string, number> }

export interface CalendarReading {
  /** When auctions end, in milliseconds since the epoch, as far as the lead time is concerned. */
  endings: number[]
}

export type SignalReading =
  | { type: 'lag'; reading: Reading<LagReading> }
  | { type: 'rate'; reading: Reading<RateReading> }
  | { type: 'calendar'; reading: Reading<CalendarReading> }

/** The world at one moment, as the decision sees it. */
export interface Sample {
  /** What the target is asked to have. */
  replicas: number
  /** What is there and ready. */
  ready: number
  /** By the signal's name. */
  signals: Record<string, SignalReading>
  /** The gauge that holds scale-in, when one is configured. */
  gauge?: Reading<number>
  /** Who else scales this target, in words. */
  rival?: string
}

/** What one decision leaves to the next. Everything in it may be lost but `changes`, which status keeps: then it is learned anew. */
export interface ScalerState {
  lag: Record<string, LagMemory>
  counters: Record<string, Counted>
  calendars: Record<string, { at: number; endings: number[] }>
  failures: Record<string, number>
  costs: Costs
  recommendations: Recommendation[]
  changes: Change[]
  idleSince: number | undefined
  heldSince: number | undefined
  /** What the target was left at; another figure means that somebody else changed it. */
  expected: number | undefined
  /** When somebody else changed it. */
  foreign: number[]
}

export const emptyState: ScalerState = {
  lag: {},
  counters: {},
  calendars: {},
  failures: {},
  costs: unknownCosts,
  recommendations: [],
  changes: [],
  idleSince: undefined,
  heldSince: undefined,
  expected: undefined,
  foreign: []
}

/** After a restart or a change of leader: what was learned and counted comes back from status, the rest starts anew. */
export function stateOf(status: ScalerStatus | undefined): ScalerState {
  const memory = (drain: { drainPerReplica: number; samples: number }): LagMemory => ({
    ring: [],
    drain: { perSecond: drain.drainPerReplica, samples: drain.samples },
    arrivals: new Map(),
    residual: new Map()
  })
  return {
    ...emptyState,
    lag: Object.fromEntries((status?.learned ?? []).map((learned) => [learned.signal, memory(learned)])),
    costs: {
      ...unknownCosts,
      startMs: msOf(status?.startSeconds),
      rebalanceMs: msOf(status?.rebalanceSeconds)
    },
    changes: (status?.changes ?? []).map(({ at, from, to }) => ({ at: Date.parse(at), from, to })),
    idleSince: status?.idleSince === undefined ? undefined : Date.parse(status.idleSince)
  }
}

const msOf = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1000)
