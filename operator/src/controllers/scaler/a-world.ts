import { decide, type Decision } from './plan.ts'
import { policyOf, type Policy } from './policy.ts'
import { emptyState, type Sample, type ScalerState, type SignalReading } from './state.ts'
import type { ScalerSpec } from './types.ts'

/** Builders for the tests of the decision: policies and readings that are valid by default, and a world on a virtual clock. */

export const lagSignal = {
  name: 'lag',
  kafkaLag: { group: 'order', topics: ['sales'], lagPerReplica: 100, maxCatchUpSeconds: 20 }
}
export const rateSignal = { name: 'bids', bidsPerSecond: { perReplica: 50 } }

export const aPolicy = (spec: Partial<ScalerSpec> = {}): Policy =>
  policyOf({
    target: { name: 'order' },
    replicas: { min: 1, max: 10 },
    signals: [lagSignal],
    behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    ...spec
  })

export const lag = (
  lags: readonly number[],
  more: { committed?: number; members?: number; state?: string } = {}
): SignalReading => ({
  type: 'lag',
  reading: {
    ok: true,
    value: {
      partitions: lags.map((behind, index) => ({
        key: `sales/${index}`,
        start: 0,
        end: (more.committed ?? 1000) + behind,
        committed: more.committed ?? 1000
      })),
      members: more.members,
      groupState: more.state ?? 'Stable'
    }
  }
})
export const missing = (type: 'lag' | 'rate' = 'lag'): SignalReading => ({ type, reading: { ok: false, why: 'away' } })
export const rate = (perSecond: number): SignalReading => ({
  type: 'rate',
  reading: { ok: true, value: { perSecond } }
})

/** A cluster on a virtual clock: what is decided is there at once. */
export class World {
  now = 1_000_000
  replicas: number
  state: ScalerState = emptyState
  readonly policy: Policy
  readonly history: number[] = []
  constructor(policy: Policy, replicas = 1) {
    this.policy = policy
    this.replicas = replicas
  }
  step(signals: Record<string, SignalReading>, more: Partial<Sample> = {}, elapsedMs = 5_000): Decision {
    this.now += elapsedMs
    const { decision, state } = decide(
      this.policy,
      this.state,
      { replicas: this.replicas, ready: this.replicas, signals, ...more },
      this.now
    )
    this.state = state
    if (decision.withheld === undefined) this.replicas = decision.to
    this.history.push(this.replicas)
    return decision
  }
  run(signals: Record<string, SignalReading>, steps: number, more: Partial<Sample> = {}): Decision {
    let decision = this.step(signals, more)
    for (let step = 1; step < steps; step++) decision = this.step(signals, more)
    return decision
  }
}

export const names = ({ clamps }: Decision) => clamps.map(({ name }) => name)
export const changesOf = (history: readonly number[]) =>
  history.filter((value, index) => index > 0 && value !== history[index - 1]).length
