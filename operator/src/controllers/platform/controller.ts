import { ApiError, type KubeClient, type ResourceKind } from '../../kube/client.ts'
import { mergeConditions, type NewCondition } from '../../kube/conditions.ts'
import type { ReconcileResult } from '../../kube/controller.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { isBeingDeleted } from '../../kube/finalizer.ts'
import type { Reflector } from '../../kube/reflector.ts'
import { keyOf } from '../../kube/reflector.ts'
import { applyStatus } from '../../kube/status.ts'
import { applyObject } from '../../kube/apply.ts'
import { fieldManager, NameTaken, PlatformWriter } from './apply.ts'
import { revisionName, type PlatformObserver } from './observe.ts'
import { planPlatform, type PlatformPlan } from './plan.ts'
import { kinds } from './resources/kinds.ts'
import { owned } from './resources/metadata.ts'
import { platform as platformKind, type PlatformResource, type PlatformSpec } from './types.ts'
import { revisionOf, type Write } from './writes.ts'

export interface PlatformDependencies {
  client: KubeClient
  platforms: Reflector
  observer: PlatformObserver
  ownKinds: readonly ResourceKind[]
  events: EventRecorder
  now: () => Date
  /** The full comparison when nothing else happens; a change that a watch tells of is looked at at once. */
  compareMs?: number
  /** Two corrections of one object are at least so far apart: whoever else insists on it must not make us race. */
  correctionMs?: number
}

const atOnce = 8
const statusManager = 'gavel-platform-status'

/** Reconciles one Platform: observe, plan, carry out, tell. */
export function platformReconciler(
  dependencies: PlatformDependencies
): (key: string, signal: AbortSignal) => Promise<ReconcileResult | void> {
  const { client, platforms, observer, ownKinds, events, now, compareMs = 300_000, correctionMs = 5_000 } = dependencies
  const writer = new PlatformWriter(client, observer)
  const corrected = new Map<string, number>()
  const ownKindNames = new Set(ownKinds.map(({ kind }) => kind))

  return async (key, signal) => {
    const platform = platforms.get(key) as PlatformResource | undefined
    // What it made has it for its owner and goes with it; the topics, the databases and the Secrets stay.
    if (!platform || isBeingDeleted(platform)) {
      writer.keepOnly(new Set([...platforms.objects()].map(({ metadata }) => metadata.uid ?? '')))
      for (const [id, at] of corrected) if (now().getTime() - at > correctionMs) corrected.delete(id)
      return
    }
    const good = observer.goodSpec(platform)
    const older = olderIn(platform)
    const plan = planPlatform({
      platform,
      observed: observer.observe(platform),
      good,
      kinds: ownKindNames,
      kindOf: (kind) => observer.kindOf(kind),
      settled: writer.settled(platform),
      now: now(),
      ...(older === undefined ? {} : { older })
    })
    try {
      const held = await carryOut(platform, plan.writes, signal)
      if (plan.keep) await keepRevision(platform, plan.keep)
      await writeStatus(platform, plan)
      if (!plan.keep) await endOldRevisions(platform, plan)
      return { requeueAfterMs: Math.min(plan.wakeInMs ?? compareMs, compareMs, held ? correctionMs : compareMs) }
    } catch (thrown) {
      await tellFailure(platform, plan, thrown)
      throw thrown
    }
  }

  function olderIn(platform: PlatformResource): string | undefined {
    const rank = ({ metadata }: PlatformResource) => `${metadata.creationTimestamp ?? ''} ${metadata.uid ?? ''}`
    return [...platforms.objects()]
      .map((other) => other as PlatformResource)
      .filter((other) => other.metadata.namespace === platform.metadata.namespace && !isBeingDeleted(other))
      .find((other) => keyOf(other) !== keyOf(platform) && rank(other) < rank(platform))?.metadata.name
  }

  /** @returns whether a correction was put off. */
  async function carryOut(platform: PlatformResource, writes: readonly Write[], signal: AbortSignal): Promise<boolean> {
    let held = false
    const one = async (write: Write): Promise<void> => {
      const { kind, object } = write.desired
      const id = `${platform.metadata.uid ?? ''}/${kind.kind}/${object.metadata.name}`
      const since = now().getTime() - (corrected.get(id) ?? -Infinity)
      if (write.type === 'Apply' && since < correctionMs) {
        held = true
        return
      }
      const { reverted } = await writer.carryOut(platform, write)
      if (!reverted) return
      corrected.set(id, now().getTime())
      const note = `${kind.kind} ${object.metadata.name} was changed by somebody else and is as it was`
      await events.record(platformKind, platform, { type: 'Normal', reason: 'DriftReverted', action: 'Apply', note })
    }
    const faults: unknown[] = []
    for (let from = 0; from < writes.length; from += atOnce) {
      signal.throwIfAborted()
      const outcomes = await Promise.allSettled(writes.slice(from, from + atOnce).map(one))
      for (const outcome of outcomes) if (outcome.status === 'rejected') faults.push(outcome.reason)
      // One object that is refused does not hold up the others; a server that does not answer does.
      if (faults.some((fault) => !(fault instanceof ApiError || fault instanceof NameTaken))) break
    }
    if (faults.length > 0) throw faults.find((fault) => fault instanceof NameTaken) ?? faults[0]
    return held
  }

  async function keepRevision(platform: PlatformResource, spec: PlatformSpec): Promise<void> {
    const { name } = platform.metadata
    const context = { platform, spec, kinds: ownKindNames }
    const revision = owned(
      context,
      kinds.controllerRevision,
      revisionName(name, revisionOf(spec)),
      { of: name, role: 'platform' },
      { revision: platform.metadata.generation ?? 1, data: { spec } }
    )
    observer.wrote(kinds.controllerRevision, await applyObject(client, revision, fieldManager))
  }

  async function endOldRevisions(platform: PlatformResource, { status }: PlatformPlan): Promise<void> {
    if (status.revision === undefined) return
    const current = revisionName(platform.metadata.name, status.revision)
    for (const object of observer.revisions(platform)) {
      const ours = object.metadata.ownerReferences?.some(({ uid }) => uid === platform.metadata.uid)
      if (object.metadata.name === current || !ours) continue
      const desired = { kind: kinds.controllerRevision, object }
      await writer.carryOut(platform, { type: 'Delete', desired, uid: object.metadata.uid ?? '' })
    }
  }

  async function tellFailure(platform: PlatformResource, plan: PlatformPlan, thrown: unknown): Promise<void> {
    const message = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 2000)
    const reason = thrown instanceof NameTaken ? 'NameTaken' : 'ApplyFailed'
    const away = !(thrown instanceof ApiError || thrown instanceof NameTaken)
    // Without an answer of the API server there is nowhere to tell it.
    if (away || (thrown instanceof ApiError && thrown.code >= 500)) return
    const conditions: NewCondition[] = [
      { type: 'Ready', status: 'False', reason, message },
      { type: thrown instanceof NameTaken ? 'Stalled' : 'Reconciling', status: 'True', reason, message }
    ]
    const absent = [thrown instanceof NameTaken ? 'Reconciling' : 'Stalled']
    await writeStatus(platform, { ...plan, conditions, absent })
  }

  async function writeStatus(platform: PlatformResource, plan: PlatformPlan): Promise<void> {
    const generation = platform.metadata.generation ?? 0
    const before = platform.status?.conditions ?? []
    const { conditions: next, absent } = plan
    const conditions = mergeConditions(before, next, { generation, now: now(), absent })
    const status = { ...plan.status, observedGeneration: generation, conditions }
    const written = await applyStatus(client, platformKind, platform, status, statusManager)
    const ready = next.find(({ type }) => type === 'Ready')
    const was = before.find(({ type }) => type === 'Ready')
    if (!written || !ready || ready.reason === was?.reason) return
    const type = ready.status === 'True' || /^(Installing|Upgrading)$/.test(ready.reason) ? 'Normal' : 'Warning'
    await events.record(platformKind, platform, {
      type,
      reason: ready.reason,
      action: 'Reconcile',
      note: ready.message
    })
  }
}
