import { downLimit, stabilize, upLimit, type Change, type Recommendation } from '../controllers/scaler/behavior.ts'
import { decide, type Decision } from '../controllers/scaler/plan.ts'
import { policyOf, type DirectionPolicy, type Policy } from '../controllers/scaler/policy.ts'
import { emptyState, type SignalReading } from '../controllers/scaler/state.ts'
import type { ScalingPolicy, View } from './model.ts'
import type { Recording } from './recording.ts'

/** The operator's own decision function, unchanged: what it does here it does in a cluster that tells it the same. */
export function gavelPolicy(recording: Recording, onDecision: (decision: Decision) => void = () => {}): ScalingPolicy {
  const policy = policyOf(recording.scaler)
  let state = emptyState
  return {
    name: 'Gavel',
    everySeconds: recording.scaler.intervalSeconds ?? 5,
    decide(view) {
      const sample = { replicas: view.asked, ready: view.ready, signals: signalsOf(recording, view) }
      const decided = decide(policy, state, sample, view.second * 1000)
      state = decided.state
      onDecision(decided.decision)
      return decided.decision.withheld === undefined ? decided.decision.to : view.asked
    }
  }
}

function signalsOf(recording: Recording, view: View): Record<string, SignalReading> {
  return Object.fromEntries(
    recording.scaler.signals.map((signal): [string, SignalReading] => {
      if (signal.auctionCalendar) {
        const endings = (recording.auctionsEndAtSeconds ?? []).map((second) => second * 1000)
        return [signal.name, { type: 'calendar', reading: { ok: true, value: { endings } } }]
      }
      if (!signal.kafkaLag) throw new Error('A recording has lag and a calendar, and no other signals')
      const away = { ok: false, why: 'offsets could not be read' } as const
      return [signal.name, { type: 'lag', reading: view.readable ? { ok: true, value: lagOf(view) } : away }]
    })
  )
}

const lagOf = ({ ends, committed, ready, rebalancing }: View) => ({
  partitions: ends.map((end, index) => ({ key: `recorded/${index}`, start: 0, end, committed: committed[index] ?? 0 })),
  members: ready,
  groupState: rebalancing ? 'PreparingRebalance' : ready === 0 ? 'Empty' : 'Stable',
  assignments: Array.from({ length: ready }, (_, replica) =>
    ends.flatMap((_end, index) => (index % ready === replica ? [`recorded/${index}`] : []))
  )
})

/** The defaults of HorizontalPodAutoscaler v2. */
const up: DirectionPolicy = {
  windowMs: 0,
  steps: [
    { type: 'Percent', value: 100, periodMs: 15_000 },
    { type: 'Pods', value: 4, periodMs: 15_000 }
  ],
  select: 'Max'
}
const down: DirectionPolicy = {
  windowMs: 300_000,
  steps: [{ type: 'Percent', value: 100, periodMs: 15_000 }],
  select: 'Max'
}
const syncSeconds = 15
const tolerance = 0.1

/** What an autoscaler does after it has a wish: tolerance, limits, stabilization, steps, in its order. */
class Autoscaler {
  readonly #policy: Pick<Policy, 'up' | 'down'> = { up, down }
  readonly #min: number
  readonly #max: number
  #recommendations: Recommendation[] = []
  #changes: Change[] = []
  constructor(min: number, max: number) {
    this.#min = Math.max(1, min)
    this.#max = max
  }

  next(current: number, ratio: number, wanted: number, second: number): number {
    const now = second * 1000
    const wish = Math.abs(ratio - 1) <= tolerance ? current : wanted
    const bounded = Math.min(this.#max, Math.max(this.#min, wish))
    if (this.#recommendations.length === 0) this.#recommendations.push({ at: now - 1, replicas: current })
    this.#recommendations = [...this.#recommendations, { at: now, replicas: bounded }].filter(
      ({ at }) => at > now - down.windowMs
    )
    let next = stabilize(this.#policy, this.#recommendations, current, now)
    if (next > current) next = Math.min(next, upLimit(up, this.#changes, current, now))
    if (next < current) next = Math.max(next, downLimit(down, this.#changes, current, now))
    if (next !== current) this.#changes = [...this.#changes, { at: now, from: current, to: next }].slice(-50)
    return Math.min(this.#max, Math.max(this.#min, next))
  }
}

/**
 * As KEDA's Kafka scaler with its autoscaler would: lag by a threshold, capped at the partitions, zero after a cool-down. Written from its
 * documentation and not its code; its threshold is the `lagPerReplica` of the recording.
 */
export function kedaLikePolicy(recording: Recording): ScalingPolicy {
  const { replicas, scaleToZero, signals } = recording.scaler
  const threshold = signals.find(({ kafkaLag }) => kafkaLag)?.kafkaLag?.lagPerReplica ?? 1000
  const coolDownSeconds = scaleToZero?.coolDownSeconds ?? 300
  const autoscaler = new Autoscaler(replicas.min, replicas.max)
  let activeAt = 0
  return {
    name: 'KEDA-like',
    everySeconds: syncSeconds,
    decide({ second, asked, ends, committed, readable }) {
      if (!readable) return asked
      const lag = ends.reduce((sum, end, index) => sum + end - (committed[index] ?? 0), 0)
      if (lag > 0) activeAt = second
      if (replicas.min === 0 && lag === 0 && second - activeAt >= coolDownSeconds) return 0
      if (asked === 0) return lag > 0 ? 1 : 0
      const capped = Math.min(lag, recording.partitions * threshold)
      return autoscaler.next(asked, capped / threshold / asked, Math.ceil(capped / threshold), second)
    }
  }
}

/** As a HorizontalPodAutoscaler on processor use would: 70 percent of what the replicas can do. It knows of no backlog. */
export function hpaLikePolicy(recording: Recording): ScalingPolicy {
  const { replicas } = recording.scaler
  const autoscaler = new Autoscaler(replicas.min, replicas.max)
  return {
    name: 'HPA-like',
    everySeconds: syncSeconds,
    decide({ second, asked, ready, utilization }) {
      if (asked === 0) return Math.max(1, replicas.min)
      const ratio = utilization / 0.7
      return autoscaler.next(asked, ratio, Math.ceil(Math.max(1, ready) * ratio - 1e-6), second)
    }
  }
}
