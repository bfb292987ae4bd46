import type { KubeClient } from '../../kube/client.ts'
import { conditionOf, mergeConditions, type NewCondition } from '../../kube/conditions.ts'
import type { ReconcileResult } from '../../kube/controller.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { addFinalizer, hasFinalizer, isBeingDeleted, removeFinalizer } from '../../kube/finalizer.ts'
import type { Reflector } from '../../kube/reflector.ts'
import { applyStatus } from '../../kube/status.ts'
import { memoryOf, tell, type Memory, type Telling } from './memory.ts'
import type { SignalObserver } from './observe.ts'
import { decide, type Decision } from './plan.ts'
import { defaultPace, policyOf, type Pace } from './policy.ts'
import type { Rivals } from './rivals.ts'
import { TargetMoved, TargetProblem, type ObservedTarget, type Targets } from './target.ts'
import { scaler, scalerFinalizer, type ScalerResource } from './types.ts'

export interface ScalerDependencies {
  client: KubeClient
  scalers: Reflector
  targets: Targets
  rivals: Rivals
  observer: SignalObserver
  events: EventRecorder
  now: () => Date
  /** Told of every decision, for the metrics. */
  onDecision?: (key: string, decision: Decision) => void
  /** Instead of the interval of the spec; tests are in a hurry. */
  intervalMs?: number
  pace?: Pace
}

const fieldManager = 'gavel-scaler'

export interface ScalerReconciler {
  reconcile(key: string): Promise<ReconcileResult | void>
  forget(key: string): void
}

/** Reconciles one Scaler: observe, decide, write where it differs, tell. */
export function scalerReconciler(dependencies: ScalerDependencies): ScalerReconciler {
  const { client, scalers, targets, rivals, observer, events, now, onDecision, intervalMs, pace } = dependencies
  const memories = new Map<string, Memory>()

  return {
    forget: (key) => memories.delete(key),
    async reconcile(key) {
      const resource = scalers.get(key) as ScalerResource | undefined
      if (!resource) return
      if (isBeingDeleted(resource)) return release(resource)
      if (resource.spec.onDelete === 'Restore') await addFinalizer(client, scaler, resource, scalerFinalizer)
      const requeueAfterMs = intervalMs ?? (resource.spec.intervalSeconds ?? 5) * 1000
      try {
        await round(key, resource)
      } catch (thrown) {
        if (!(thrown instanceof TargetProblem)) throw thrown
        await tellProblem(resource, thrown)
      }
      return { requeueAfterMs }
    }
  }

  async function round(key: string, resource: ScalerResource): Promise<void> {
    const known = memories.get(key)
    const before = known !== undefined && known.uid === resource.metadata.uid ? known : memoryOf(resource)
    const startedAt = now().getTime()
    const policy = policyOf(resource.spec, pace ?? defaultPace)
    const [rival, seen] = await Promise.all([
      rivals.of(resource, startedAt),
      observer.observe(resource.spec, { now: startedAt, startMs: before.state.costs.startMs ?? 0 })
    ])
    // The target last, so that as little time as may be lies between reading and writing it.
    const target = await targets.observe(resource, startedAt)
    const sample = {
      replicas: target.replicas,
      ready: target.ready,
      ...seen,
      ...(rival === undefined ? {} : { rival })
    }
    const at = now().getTime()
    const { decision, state } = decide(policy, before.state, sample, at)
    if (decision.withheld === undefined && decision.to !== decision.from) {
      if (!(await write(resource, target, decision.to))) return
    }
    onDecision?.(key, decision)
    const telling = tell(resource, before, { policy, decision, state, rival, now: at })
    memories.set(key, telling.memory)
    await publish(resource, decision, telling)
  }

  /** False when somebody was faster; the next round decides on what they left. */
  async function write(resource: ScalerResource, target: ObservedTarget, replicas: number): Promise<boolean> {
    try {
      await targets.write(resource, target, replicas)
      return true
    } catch (thrown) {
      if (thrown instanceof TargetMoved) return false
      throw thrown
    }
  }

  async function publish(resource: ScalerResource, decision: Decision, { status, record }: Telling): Promise<void> {
    const before = resource.status?.conditions
    await applyStatus(client, scaler, resource, status, fieldManager)
    const note = record?.result ?? ''
    if (record?.applied)
      await events.record(scaler, resource, { type: 'Normal', reason: reasonOf(decision), action: 'Scale', note })
    else if (record && decision.withheld === 'Recommend' && decision.from !== decision.to)
      await events.record(scaler, resource, { type: 'Normal', reason: 'Recommended', action: 'Explain', note })
    for (const type of ['Ready', 'ScalingCannotHelp', 'Fallback']) {
      const [was, is] = [conditionOf(before, type), conditionOf(status.conditions, type)]
      if (!is || (was?.status === is.status && was.reason === is.reason)) continue
      // That nothing is wrong is told by a condition that was True before, and not when it first appears.
      if (type !== 'Ready' && is.status === 'False' && was?.status !== 'True') continue
      const good = (type === 'Ready') === (is.status === 'True')
      await events.record(scaler, resource, {
        type: good ? 'Normal' : 'Warning',
        reason: is.reason,
        action: 'Reconcile',
        note: is.message
      })
    }
  }

  async function tellProblem(resource: ScalerResource, problem: TargetProblem): Promise<void> {
    const { status, metadata } = resource
    const generation = metadata.generation ?? 0
    const conditions: NewCondition[] = [
      { type: 'Ready', status: 'False', reason: problem.reason, message: problem.message },
      { type: 'Stalled', status: 'True', reason: problem.reason, message: problem.message }
    ]
    const written = await applyStatus(
      client,
      scaler,
      resource,
      {
        ...status,
        observedGeneration: generation,
        conditions: mergeConditions(status?.conditions ?? [], conditions, {
          generation,
          now: now(),
          absent: ['Reconciling']
        })
      },
      fieldManager
    )
    if (written && conditionOf(status?.conditions, 'Ready')?.reason !== problem.reason)
      await events.record(scaler, resource, {
        type: 'Warning',
        reason: problem.reason,
        action: 'Observe',
        note: problem.message
      })
  }

  /** Gives the target back what it had, where that was asked for and nobody else scales it. */
  async function release(resource: ScalerResource): Promise<void> {
    if (!hasFinalizer(resource, scalerFinalizer)) return
    const at = now().getTime()
    const { onDelete, mode } = resource.spec
    const original = resource.status?.originalReplicas
    if (onDelete === 'Restore' && mode !== 'Recommend' && original !== undefined) {
      try {
        const target = await targets.observe(resource, at)
        if ((await rivals.of(resource, at)) === undefined && target.replicas !== original)
          await targets.write(resource, target, original)
      } catch (thrown) {
        // A target that is gone needs nothing back.
        if (!(thrown instanceof TargetProblem)) throw thrown
      }
    }
    await removeFinalizer(client, scaler, resource, scalerFinalizer)
  }
}

function reasonOf({ from, to }: Decision): string {
  if (to === 0) return 'ScaledToZero'
  if (from === 0) return 'Activated'
  return to > from ? 'ScaledUp' : 'ScaledDown'
}
