import { emptyGroupMemory, type GroupMemory, type Standing } from '@gavel/platform/probes/consumer-group.ts'
import { advance, unjudged, type Verdict } from '@gavel/platform/probes/verdict.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { ReconcileResult } from '../../kube/controller.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Reflector } from '../../kube/reflector.ts'
import { isBeingDeleted } from '../../kube/finalizer.ts'
import { applyStatus } from '../../kube/status.ts'
import { planHealthCheck, type CheckPlan } from './plan.ts'
import type { Prober } from './prober.ts'
import type { Probed } from './probes/context.ts'
import { deployments } from './probes/rollout.ts'
import { ProbeScheduler } from './scheduler.ts'
import { probeKinds } from './spec.ts'
import { settingsOf } from './settings.ts'
import { healthCheck, type HealthCheckResource, type HealthCheckStatus } from './types.ts'

export interface HealthCheckDependencies {
  client: KubeClient
  checks: Reflector
  prober: Prober
  events: EventRecorder
  now: () => Date
  random?: () => number
  /** Brings the key back to a reconcile once its probe is done. */
  enqueue: (key: string) => void
  /** How often a status in which nothing changed says anew when it was last checked. */
  heartbeatMs?: number
  /** Probes under way at once. */
  concurrency?: number
}

/** What is known of one check. Status holds enough of it for another leader to go on. */
interface Entry {
  uid: string | undefined
  /** What is asked, as text: another question starts anew. */
  question: string
  verdict: Verdict
  memory: GroupMemory
  stuck: readonly ({ key: string } & Standing)[]
  restartsMs: readonly number[]
  budgetToldMs: number | undefined
  writtenCause: string | undefined
  /** Found by a probe and not judged yet. */
  found: Probed | undefined
}

const fieldManager = 'gavel-health-check'

/** Causes of verdicts that no probe gave: one suspended, one taken over from another leader, whose status holds a message only. */
const suspended = 'suspended'
const taken = 'taken over'

/** Reconciles HealthChecks: a probe runs beside, its finding is judged here, told, and the next probe planned. */
export class HealthChecks {
  readonly #dependencies: Required<HealthCheckDependencies>
  readonly #entries = new Map<string, Entry>()
  readonly #scheduler: ProbeScheduler

  constructor(dependencies: HealthCheckDependencies) {
    this.#dependencies = { random: Math.random, heartbeatMs: 60_000, concurrency: 50, ...dependencies }
    this.#scheduler = new ProbeScheduler((key, signal) => this.#probe(key, signal), {
      concurrency: this.#dependencies.concurrency
    })
  }

  /** Ends every probe, planned or under way. */
  stop(): void {
    this.#scheduler.stop()
  }

  async reconcile(key: string): Promise<ReconcileResult | void> {
    const resource = this.#dependencies.checks.get(key) as HealthCheckResource | undefined
    if (!resource || isBeingDeleted(resource)) {
      this.#scheduler.forget(key)
      this.#entries.delete(key)
      return
    }
    const { now, heartbeatMs } = this.#dependencies
    const entry = this.#entryOf(key, resource)
    const fresh = this.#judge(resource, entry)
    this.#schedule(key, resource, fresh !== undefined)
    const plan = planHealthCheck(
      resource,
      {
        verdict: entry.verdict,
        fresh,
        members: entry.memory.roster.map(({ name }) => name).toSorted(),
        stuck: entry.stuck,
        restartsMs: entry.restartsMs,
        budgetToldMs: entry.budgetToldMs,
        writtenCause: entry.writtenCause
      },
      { now: now(), heartbeatMs }
    )
    await this.#carryOut(resource, entry, plan)
  }

  #entryOf(key: string, resource: HealthCheckResource): Entry {
    const { uid } = resource.metadata
    const question = JSON.stringify(probeKinds.map((kind) => resource.spec[kind]))
    const known = this.#entries.get(key)
    if (known?.uid === uid && known?.question === question) return known
    // Another question: a probe under way still asks the old one.
    this.#scheduler.forget(key)
    const entry =
      known && known.uid === uid
        ? anew(known, question, this.#dependencies.now().getTime())
        : remembered(resource, question, this.#dependencies.now().getTime())
    this.#entries.set(key, entry)
    return entry
  }

  #judge(resource: HealthCheckResource, entry: Entry): Probed['finding'] | undefined {
    const { found } = entry
    const nowMs = this.#dependencies.now().getTime()
    entry.found = undefined
    const { suspend = false } = resource.spec
    if (suspend !== (entry.verdict.cause === suspended)) {
      const { history } = entry.verdict
      entry.verdict = suspend
        ? { ...unjudged(nowMs, 'Suspended by spec.suspend'), cause: suspended, history }
        : { ...unjudged(nowMs), history }
    }
    if (!found || suspend) return undefined
    entry.verdict = advance(entry.verdict, found.finding, settingsOf(resource.spec).thresholds, nowMs)
    if (found.group) {
      entry.memory = found.group.memory
      entry.stuck = found.group.stuck
    } else if (found.finding.outcome === 'Inconclusive') {
      // While Kafka cannot be asked nobody can move either: that time must not be held against a partition not yet found stuck.
      entry.memory = { ...entry.memory, standings: standingsOf(entry.stuck) }
    }
    return found.finding
  }

  /** A tenth of the interval is jitter, so that many checks made together do not stay together. */
  #schedule(key: string, resource: HealthCheckResource, probed: boolean): void {
    if (resource.spec.suspend) return this.#scheduler.forget(key)
    if (this.#scheduler.has(key) && !probed) return
    const { random, now } = this.#dependencies
    const { intervalMs } = settingsOf(resource.spec)
    if (probed) return this.#scheduler.plan(key, intervalMs * (0.95 + random() / 10))
    // The leader before may have probed just now: its rhythm goes on. What is overdue, as after a restart, is spread a little.
    const lastMs = Date.parse(resource.status?.lastCheckedAt ?? '')
    const sameQuestion = resource.status?.observedGeneration === resource.metadata.generation
    const waitMs = Number.isFinite(lastMs) && sameQuestion ? lastMs + intervalMs - now().getTime() : 0
    this.#scheduler.plan(key, Math.min(Math.max(waitMs, 0), intervalMs) + random() * Math.min(intervalMs / 10, 1_000))
  }

  async #probe(key: string, signal: AbortSignal): Promise<void> {
    const { checks, prober, enqueue } = this.#dependencies
    const resource = checks.get(key) as HealthCheckResource | undefined
    const entry = this.#entries.get(key)
    if (!resource || !entry) return
    const found = await prober(resource, entry.memory, signal)
    if (signal.aborted) return
    entry.found = found
    enqueue(key)
  }

  async #carryOut(resource: HealthCheckResource, entry: Entry, plan: CheckPlan): Promise<void> {
    const { client, events } = this.#dependencies
    const written = await applyStatus(
      client,
      healthCheck,
      resource,
      plan.status as Record<string, unknown>,
      fieldManager
    )
    // Kept only now: had the write failed, the restart would not have come, and the budget would be whole.
    entry.restartsMs = plan.restartsMs
    entry.budgetToldMs = plan.budgetToldMs
    if (written || entry.verdict.cause !== taken) entry.writtenCause = entry.verdict.cause
    if (plan.restart) await this.#restart(resource, plan.restart)
    for (const event of plan.events) await events.record(healthCheck, resource, event)
  }

  /** As `kubectl rollout restart` does: the pod template gets a new annotation, and the Deployment replaces its pods by its own rules. */
  async #restart(resource: HealthCheckResource, { deployment, at }: { deployment: string; at: string }): Promise<void> {
    const { client, events } = this.#dependencies
    try {
      await client.patch(deployments, resource.metadata.namespace, deployment, {
        spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } }
      })
    } catch (thrown) {
      const note = `Deployment ${deployment} was not restarted: ${thrown instanceof Error ? thrown.message : String(thrown)}`
      await events.record(healthCheck, resource, { type: 'Warning', reason: 'RestartFailed', action: 'Restart', note })
    }
  }
}

const standingsOf = (stuck: Entry['stuck']): Map<string, Standing> =>
  new Map(stuck.map(({ key, ...standing }) => [key, standing]))

const anew = (known: Entry, question: string, nowMs: number): Entry => ({
  ...known,
  question,
  verdict: { ...unjudged(nowMs), history: known.verdict.history },
  memory: emptyGroupMemory,
  stuck: [],
  found: undefined
})

/** Goes on from what another leader wrote. A status of an older spec may speak of another question: only its history and restarts count. */
function remembered(resource: HealthCheckResource, question: string, nowMs: number): Entry {
  const status: HealthCheckStatus = resource.status ?? {}
  const history = (status.history ?? []).map(({ at, outcome, message }) => ({ atMs: Date.parse(at), outcome, message }))
  const restartsMs = (status.restarts ?? []).map((at) => Date.parse(at))
  const base: Entry = {
    uid: resource.metadata.uid,
    question,
    verdict: { ...unjudged(nowMs), history },
    memory: emptyGroupMemory,
    stuck: [],
    restartsMs,
    budgetToldMs: undefined,
    writtenCause: undefined,
    found: undefined
  }
  if (status.outcome === undefined || status.observedGeneration !== resource.metadata.generation) return base
  const stuck = (status.stuck ?? []).map(({ partition, position, since }) => ({
    key: partition,
    position,
    sinceMs: Date.parse(since)
  }))
  return {
    ...base,
    verdict: {
      outcome: status.outcome,
      sinceMs: Date.parse(status.since ?? '') || nowMs,
      cause: resource.spec.suspend ? suspended : taken,
      message: status.message ?? '',
      failures: status.consecutiveFailures ?? 0,
      successes: status.consecutiveSuccesses ?? 0,
      unasked: 0,
      history
    },
    memory: {
      roster: (status.members ?? []).map((name) => ({ name, partitions: [] })),
      standings: standingsOf(stuck)
    },
    stuck
  }
}
