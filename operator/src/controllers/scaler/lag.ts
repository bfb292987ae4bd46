import type { LagPolicy, Pace } from './policy.ts'
import { classify, type PartitionClass, type LagPoint } from './partitions.ts'

/** One partition as Kafka tells it. `committed` is absent where the group has no offset. */
export interface PartitionOffsets {
  /** `topic/3` */
  key: string
  start: number
  end: number
  committed: number | undefined
}

export interface LagReading {
  partitions: PartitionOffsets[]
  /** Members of the group; absent when the brokers did not tell. */
  members: number | undefined
  groupState: string | undefined
  /** Partitions by member; absent where it is not known who reads what. */
  assignments?: string[][]
}

export interface DrainRate {
  perSecond: number
  samples: number
}

/** What is remembered of one lag signal between readings. */
export interface LagMemory {
  ring: LagPoint[]
  drain: DrainRate | undefined
  /** Messages a second that come in, by partition, smoothed. */
  arrivals: Map<string, number>
  /** Ends of partitions in which a last offset is a transaction's marker and no message. */
  residual: Map<string, number>
}

export interface LagAssessment {
  lag: number
  /** The work at hand in replicas, if it could be dealt out freely: a partition never asks for more than one, because one consumer reads it. */
  work: number
  /** For the tolerance: the replicas there are, times how full the fullest of them is. */
  raw: number
  /** Replicas wished for, with partitions dealt out whole. */
  wants: number
  active: boolean
  partitions: number
  arrival: number
  drain: DrainRate | undefined
  learned: boolean
  catchUpSeconds: number | undefined
  classes: { key: string; class: PartitionClass; lag: number }[]
  skewed: { key: string; share: number } | undefined
}

export const emptyLagMemory: LagMemory = { ring: [], drain: undefined, arrivals: new Map(), residual: new Map() }

const samplesNeeded = 3
const ringSize = 12
/** New rates count for a third: three samples carry most of the weight, one odd one does not. */
const drainWeight = 0.3
const arrivalHalfLifeMs = 15_000
/** Messages a second below which the tail of a smoothed rate is nothing. */
const negligible = 0.001

/** Judges one reading of a group's offsets against what is remembered. Pure. */
export function assessLag(
  policy: LagPolicy,
  memory: LagMemory,
  reading: LagReading,
  world: { replicas: number; ready: number; now: number; pace: Pace }
): { assessment: LagAssessment; memory: LagMemory } {
  const point = pointOf(policy, reading, world)
  const last = memory.ring.at(-1)
  const elapsedMs = last ? point.at - last.at : 0
  const compare = last !== undefined && elapsedMs >= world.pace.learnEveryMs
  const ring = !last || compare ? [...memory.ring, point].slice(-ringSize) : memory.ring
  const drain = compare ? learnDrain(memory.drain, last, point) : memory.drain
  const arrivals = compare ? learnArrivals(memory.arrivals, last, point) : memory.arrivals
  const classes = classify([...memory.ring, point], world.pace.stalledAfterMs, reading.members)
  const residual = new Map(
    [...point.partitions].flatMap(([key, { end, lag }]): [string, number][] =>
      lag === 1 && (memory.residual.get(key) === end || (classes.get(key) === 'Stalled' && (reading.members ?? 0) > 0))
        ? [[key, end]]
        : []
    )
  )
  const assessment = judge(policy, { point, last, drain, arrivals, classes, residual, replicas: world.replicas })
  return { assessment, memory: { ring, drain, arrivals, residual } }
}

function pointOf(
  { withoutOffset }: LagPolicy,
  { partitions, members, groupState, assignments }: LagReading,
  { replicas, ready, now }: { replicas: number; ready: number; now: number }
): LagPoint {
  // A group that starts at the end is owed nothing, but at zero replicas somebody must come and start it.
  const owed = (start: number, end: number) =>
    withoutOffset === 'Earliest' ? end - start : replicas === 0 && end > start ? 1 : 0
  return {
    at: now,
    working: members === undefined ? ready : Math.min(members, Math.max(ready, 1)),
    ready,
    stable: groupState === undefined || groupState === 'Stable',
    assignments,
    partitions: new Map(
      partitions.map(({ key, start, end, committed }) => {
        // Retention may have passed the group by: what is gone is no longer behind.
        const lag = committed === undefined ? owed(start, end) : Math.max(0, end - Math.max(committed, start))
        return [key, { end, position: end - lag, lag }]
      })
    )
  }
}

/**
 * The drain rate of one replica can be seen only where its work never ran out: in one of its partitions the backlog at the start covered
 * all that was done. All that it did in the meantime, in all of its partitions, is then its rate.
 */
function learnDrain(before: DrainRate | undefined, last: LagPoint, point: LagPoint): DrainRate | undefined {
  if (point.working === 0 || last.working !== point.working || !last.stable || !point.stable) return before
  const done = new Map<string, { amount: number; saturated: boolean }>()
  for (const [key, { position, lag }] of point.partitions) {
    const was = last.partitions.get(key)
    if (!was) return before
    const amount = Math.max(0, position - was.position)
    done.set(key, { amount, saturated: amount > 0 && lag > 0 && was.lag >= amount })
  }
  const seconds = (point.at - last.at) / 1000
  const rates = ratesOf(done, last, point).map((amount) => amount / seconds)
  if (rates.length === 0) return before
  const perSecond = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
  if (!before) return { perSecond, samples: 1 }
  return { perSecond: before.perSecond + drainWeight * (perSecond - before.perSecond), samples: before.samples + 1 }
}

/** What each saturated replica got done. Where nobody tells who reads what, all partitions must be saturated: then all replicas were. */
function ratesOf(done: Map<string, { amount: number; saturated: boolean }>, last: LagPoint, point: LagPoint): number[] {
  if (!point.assignments) {
    const all = [...done.values()]
    if (!all.every(({ saturated }) => saturated)) return []
    const replicas = Math.min(point.working, all.length)
    return [all.reduce((sum, { amount }) => sum + amount, 0) / replicas]
  }
  if (JSON.stringify(last.assignments) !== JSON.stringify(point.assignments)) return []
  return point.assignments.flatMap((keys) => {
    const mine = keys.flatMap((key) => done.get(key) ?? [])
    return mine.some(({ saturated }) => saturated) ? [mine.reduce((sum, { amount }) => sum + amount, 0)] : []
  })
}

function learnArrivals(before: Map<string, number>, last: LagPoint, point: LagPoint): Map<string, number> {
  const elapsedMs = point.at - last.at
  const weight = 1 - 0.5 ** (elapsedMs / arrivalHalfLifeMs)
  return new Map(
    [...point.partitions].map(([key, { end }]) => {
      const rate = (Math.max(0, end - (last.partitions.get(key)?.end ?? end)) * 1000) / elapsedMs
      const known = before.get(key)
      const smoothed = known === undefined ? rate : known + weight * (rate - known)
      return [key, smoothed < negligible ? 0 : smoothed]
    })
  )
}

function judge(
  policy: LagPolicy,
  seen: {
    point: LagPoint
    last: LagPoint | undefined
    drain: DrainRate | undefined
    arrivals: Map<string, number>
    classes: Map<string, PartitionClass>
    residual: Map<string, number>
    replicas: number
  }
): LagAssessment {
  const { point, last, drain, arrivals, classes, residual, replicas } = seen
  const learned = drain !== undefined && drain.samples >= samplesNeeded
  let [lag, free, stuck, arrival] = [0, 0, 0, 0]
  const needs: { key: string; need: number; lag: number }[] = []
  for (const [key, partition] of point.partitions) {
    const behind = residual.has(key) ? 0 : partition.lag
    const rate = arrivals.get(key) ?? 0
    const need = learned ? (behind / policy.maxCatchUpSeconds + rate) / drain.perSecond : behind / policy.lagPerReplica
    lag += behind
    arrival += rate
    needs.push({ key, need, lag: behind })
    if (isStuck(classes.get(key)) && behind > 0) stuck += Math.min(1, need)
    else free += Math.min(1, need)
  }
  const moved =
    last !== undefined && [...point.partitions].some(([key, { end }]) => end !== last.partitions.get(key)?.end)
  const active = lag > policy.activationLag || (replicas > 0 && moved)
  const spread = learned ? spreadOver(needs.length, free) : roundUp(free)
  // A stuck partition drives nothing up, and its replicas are not taken from it either.
  const held = Math.max(spread, Math.min(replicas, spread + roundUp(stuck)))
  const load = learned && replicas > 0 ? replicas * heaviest(needs.length, free, replicas) : free
  return {
    lag,
    work: free + stuck,
    raw: active ? Math.max(load, held > spread ? held : 0) : 0,
    wants: active ? Math.max(1, held) : 0,
    active,
    partitions: point.partitions.size,
    arrival,
    drain,
    learned,
    catchUpSeconds: learned
      ? catchUpOf(lag, arrival, drain.perSecond * Math.min(point.working, needs.length))
      : undefined,
    classes: needs.map(({ key, lag: behind }) => ({
      key,
      class: behind === 0 ? 'Ok' : (classes.get(key) ?? 'Moving'),
      lag: behind
    })),
    skewed: skewOf(needs, lag)
  }
}

/** How full the replica with the most partitions is; 1 is just full. */
const heaviest = (partitions: number, work: number, replicas: number): number =>
  (Math.ceil(partitions / replicas) * work) / Math.max(1, partitions)

/** A little too full is not worth another round of partitions: from six replicas to twelve, where there are twelve. */
const slack = 0.05

/**
 * Partitions are dealt out whole: of twelve, nine replicas do no more than six, because some of them still read two. Rounding the work up
 * to nine would leave just those partitions behind.
 */
function spreadOver(partitions: number, work: number): number {
  let replicas = Math.max(1, roundUp(work))
  while (replicas < partitions && heaviest(partitions, work, replicas) > 1 + slack) replicas++
  return work === 0 ? 0 : replicas
}

/** Undefined where more comes in than is done: there is no such time. */
const catchUpOf = (lag: number, arrival: number, drainAll: number): number | undefined =>
  lag === 0 ? 0 : drainAll > arrival ? lag / (drainAll - arrival) : undefined

const isStuck = (found: PartitionClass | undefined): boolean => found === 'Stalled' || found === 'Stopped'

/** Floating point sums of exact shares must not cost a replica. */
export const roundUp = (value: number): number => Math.ceil(value - 1e-6)

/** One partition that alone needs more than a whole replica and holds most of the lag: no number of replicas shortens it. */
function skewOf(
  needs: { key: string; need: number; lag: number }[],
  lag: number
): { key: string; share: number } | undefined {
  if (needs.length < 3 || lag === 0) return undefined
  const largest = needs.reduce((a, b) => (b.lag > a.lag ? b : a))
  const share = largest.lag / lag
  return largest.need > 1 && share >= Math.max(0.5, 2 / needs.length) ? { key: largest.key, share } : undefined
}
