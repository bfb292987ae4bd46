import { within, type Recording } from './recording.ts'

/** The world of one second, as a policy may see it. */
export interface View {
  second: number
  /** Replicas asked for, and those that consume. */
  asked: number
  ready: number
  rebalancing: boolean
  /** By partition, whole messages. */
  ends: number[]
  committed: number[]
  lag: number
  /** Share of the capacity of the ready replicas that was used since the last look. */
  utilization: number
  readable: boolean
}

export interface ScalingPolicy {
  name: string
  everySeconds: number
  /** Replicas to ask for now. */
  decide(view: View): number
}

export interface Outcome {
  policy: string
  /** By second. */
  replicas: number[]
  lag: number[]
  /** Seconds that messages waited: 95 of 100 waited no longer, and the longest. Stalled partitions are left out: nobody can help them. */
  waitP95Seconds: number
  waitMaxSeconds: number
  replicaSeconds: number
  changes: number
}

interface Partition {
  arrived: number
  consumed: number
  /** Arrivals by second, oldest first, from `head` on. */
  queue: { at: number; amount: number }[]
  head: number
  everStalled: boolean
}

/**
 * A backlog model of one second a step: arrivals queue by partition, partitions are dealt evenly to the replicas that are ready, a replica
 * shares its capacity among its partitions, and nobody consumes while the group rebalances. It has no network, no fetch sizes and no cold
 * caches: it compares policies, and predicts no cluster.
 */
export function simulate(recording: Recording, policy: ScalingPolicy): Outcome {
  const seconds = recording.arrivalsPerSecond.length * recording.stepSeconds
  const weights = weightsOf(recording)
  const partitions = weights.map((_, index): Partition => ({
    arrived: 0,
    consumed: 0,
    queue: [],
    head: 0,
    everStalled: (recording.stalled ?? []).some(({ partition }) => partition === index)
  }))
  const waits = new Map<number, number>()
  const outcome: Outcome = {
    policy: policy.name,
    replicas: [],
    lag: [],
    waitP95Seconds: 0,
    waitMaxSeconds: 0,
    replicaSeconds: 0,
    changes: 0
  }
  let readyAt = Array.from({ length: recording.replicasAtStart }, () => 0)
  let [ready, rebalancedAt, used, capacity] = [readyAt.length, -Infinity, 0, 0]
  for (let second = 0; second < seconds; second++) {
    const rate = recording.arrivalsPerSecond[Math.floor(second / recording.stepSeconds)] ?? 0
    partitions.forEach((partition, index) => {
      const amount = rate * (weights[index] ?? 0)
      partition.arrived += amount
      if (amount > 0) partition.queue.push({ at: second, amount })
    })
    const nowReady = readyAt.filter((at) => at <= second).length
    if (nowReady !== ready) rebalancedAt = second
    ready = nowReady
    const rebalancing = second < rebalancedAt + recording.rebalanceSeconds
    if (!rebalancing && ready > 0) used += consume(recording, partitions, { ready, second, waits })
    capacity += ready * recording.drainPerReplica
    const lag = partitions.reduce((sum, { arrived, consumed }) => sum + arrived - consumed, 0)
    if (second % policy.everySeconds === 0) {
      const asked = policy.decide({
        second,
        asked: readyAt.length,
        ready,
        rebalancing,
        ends: partitions.map(({ arrived }) => Math.floor(arrived + 1e-6)),
        committed: partitions.map(({ arrived, consumed }) =>
          Math.min(Math.floor(consumed + 1e-6), Math.floor(arrived + 1e-6))
        ),
        lag,
        utilization: capacity === 0 ? 0 : used / capacity,
        readable: !within(recording.unreadable, second)
      })
      ;[used, capacity] = [0, 0]
      if (asked !== readyAt.length) outcome.changes++
      // The youngest go first, as a ReplicaSet does it with pods that are not ready.
      readyAt =
        asked > readyAt.length
          ? [...readyAt, ...Array.from({ length: asked - readyAt.length }, () => second + recording.startSeconds)]
          : readyAt.slice(0, asked)
    }
    outcome.replicas.push(readyAt.length)
    outcome.lag.push(Math.round(lag))
    outcome.replicaSeconds += readyAt.length
  }
  for (const partition of partitions) leftBehind(partition, seconds, waits)
  return { ...outcome, ...waitFigures(waits) }
}

function weightsOf({ partitions, partitionWeights }: Recording): number[] {
  const given = Array.from(
    { length: partitions },
    (_, index) => partitionWeights?.[index] ?? (partitionWeights ? 0 : 1)
  )
  const sum = given.reduce((total, weight) => total + weight, 0)
  return given.map((weight) => weight / sum)
}

/** One second of work. Each replica gives what a partition does not need to its other partitions. */
function consume(
  recording: Recording,
  partitions: Partition[],
  { ready, second, waits }: { ready: number; second: number; waits: Map<number, number> }
): number {
  let used = 0
  for (let replica = 0; replica < ready; replica++) {
    const mine = partitions
      .filter((_, index) => index % ready === replica && !isStalled(recording, index, second))
      .toSorted((a, b) => a.arrived - a.consumed - (b.arrived - b.consumed))
    let left = recording.drainPerReplica
    mine.forEach((partition, position) => {
      const amount = Math.min(partition.arrived - partition.consumed, left / (mine.length - position))
      take(partition, amount, second, waits)
      left -= amount
      used += amount
    })
  }
  return used
}

const isStalled = ({ stalled }: Recording, index: number, second: number): boolean =>
  within(
    stalled?.filter(({ partition }) => partition === index),
    second
  )

function take(partition: Partition, amount: number, second: number, waits: Map<number, number>): void {
  partition.consumed += amount
  let left = amount
  while (left > 1e-9) {
    const oldest = partition.queue[partition.head]
    if (!oldest) return
    const part = Math.min(oldest.amount, left)
    if (!partition.everStalled) waits.set(second - oldest.at, (waits.get(second - oldest.at) ?? 0) + part)
    left -= part
    oldest.amount -= part
    if (oldest.amount <= 1e-9) partition.head++
  }
}

/** What is still waiting at the end has waited so long at least. */
function leftBehind(partition: Partition, seconds: number, waits: Map<number, number>): void {
  if (partition.everStalled) return
  for (const { at, amount } of partition.queue.slice(partition.head))
    if (amount > 1e-6) waits.set(seconds - at, (waits.get(seconds - at) ?? 0) + amount)
}

function waitFigures(waits: Map<number, number>): { waitP95Seconds: number; waitMaxSeconds: number } {
  const sorted = [...waits].toSorted(([a], [b]) => a - b)
  const total = sorted.reduce((sum, [, amount]) => sum + amount, 0)
  let seen = 0
  const p95 = sorted.find(([, amount]) => (seen += amount) >= total * 0.95)
  return { waitP95Seconds: p95?.[0] ?? 0, waitMaxSeconds: sorted.at(-1)?.[0] ?? 0 }
}
