import type { Finding } from '@gavel/platform/probes/finding.ts'
import type { Standing } from '@gavel/platform/probes/consumer-group.ts'
import type { Verdict } from '@gavel/platform/probes/verdict.ts'
import { mergeConditions, rfc3339, type NewCondition } from '../../kube/conditions.ts'
import type { EventOptions } from '../../kube/events.ts'
import { targetOf } from './settings.ts'
import type { HealthCheckResource, HealthCheckStatus } from './types.ts'

/** What is held of a check between reconciles. */
export interface CheckView {
  verdict: Verdict
  /** What the newest probe found, where this reconcile brings one. */
  fresh: Finding | undefined
  /** Names of the group's members when it last passed. */
  members: readonly string[]
  stuck: readonly ({ key: string } & Standing)[]
  /** Newest first. */
  restartsMs: readonly number[]
  /** The newest restart when an Event last said that the budget is spent: it is said once. */
  budgetToldMs: number | undefined
  /** The cause that the written status tells of. */
  writtenCause: string | undefined
}

export interface CheckPlan {
  /** The whole status; the one observed, unchanged, when nothing in it would tell a reader anything new. */
  status: HealthCheckStatus
  events: EventOptions[]
  /** Restart this Deployment, marked with this time, after the status has been written: the budget is spent before the act. */
  restart: { deployment: string; at: string } | undefined
  restartsMs: number[]
  budgetToldMs: number | undefined
}

const hourMs = 3_600_000
const messageMax = 2000

/** Decides what to tell and whether to restart. Pure. */
export function planHealthCheck(
  resource: HealthCheckResource,
  view: CheckView,
  { now, heartbeatMs }: { now: Date; heartbeatMs: number }
): CheckPlan {
  const before = resource.status ?? {}
  const restart = planRestart(resource, view, now.getTime())
  const restartsMs = recent(restart.due ? [now.getTime(), ...view.restartsMs] : [...view.restartsMs], now.getTime())
  const status = nextStatus(resource, { ...view, restartsMs }, now)
  const news = tellsNews(before, status, view)
  const stale = now.getTime() - Date.parse(before.lastCheckedAt ?? '1970-01-01T00:00:00Z') >= heartbeatMs
  const write = news || (stale && view.fresh !== undefined)
  const deployment = resource.spec.restart?.deployment ?? ''
  return {
    status: write ? status : before,
    events: [...transitionEvents(resource, before, status), ...restart.events],
    restart: restart.due ? { deployment, at: rfc3339(now) } : undefined,
    restartsMs,
    budgetToldMs: restart.budgetToldMs
  }
}

/** Restarts of the last hour. Whole seconds, as the status keeps them. */
const recent = (restartsMs: number[], nowMs: number): number[] =>
  restartsMs.filter((at) => nowMs - at < hourMs).slice(0, 60)

function nextStatus(resource: HealthCheckResource, view: CheckView, now: Date): HealthCheckStatus {
  const { spec, status: before = {}, metadata } = resource
  const { verdict, members, stuck, restartsMs } = view
  const time = (ms: number): string => rfc3339(new Date(ms))
  const message = verdict.message.slice(0, messageMax)
  return {
    observedGeneration: metadata.generation ?? 0,
    conditions: mergeConditions(before.conditions ?? [], [readyOf(resource, verdict, message)], {
      generation: metadata.generation ?? 0,
      now,
      absent: ['Reconciling', 'Stalled']
    }),
    target: targetOf(spec),
    outcome: verdict.outcome,
    since: time(verdict.sinceMs),
    message,
    ...(view.fresh || before.lastCheckedAt === undefined ? {} : { lastCheckedAt: before.lastCheckedAt }),
    ...(view.fresh ? { lastCheckedAt: rfc3339(now) } : {}),
    consecutiveFailures: verdict.failures,
    consecutiveSuccesses: verdict.successes,
    history: verdict.history.map((transition) => ({
      at: time(transition.atMs),
      outcome: transition.outcome,
      message: transition.message.slice(0, messageMax)
    })),
    ...(restartsMs.length > 0 ? { restarts: restartsMs.map(time) } : {}),
    ...(members.length > 0 ? { members: members.slice(0, 200) } : {}),
    ...(stuck.length > 0
      ? {
          stuck: stuck
            .slice(0, 200)
            .map(({ key, position, sinceMs }) => ({ partition: key, position, since: time(sinceMs) }))
        }
      : {})
  }
}

function readyOf({ spec }: HealthCheckResource, verdict: Verdict, message: string): NewCondition {
  if (spec.suspend) return { type: 'Ready', status: 'Unknown', reason: 'Suspended', message }
  if (spec.dryRun)
    return { type: 'Ready', status: 'True', reason: 'DryRun', message: `Dry run: ${verdict.outcome}: ${message}` }
  switch (verdict.outcome) {
    case 'Passing':
      return { type: 'Ready', status: 'True', reason: 'Passing', message }
    case 'Failing':
      return { type: 'Ready', status: 'False', reason: 'Failing', message }
    case 'Inconclusive':
      return { type: 'Ready', status: 'Unknown', reason: 'Inconclusive', message }
    default:
      return verdict.outcome satisfies never
  }
}

/**
 * Whether a reader learns anything: the outcome, whose fault it is, the conditions, what a later leader needs. The row of successes, the
 * time of the last probe, and figures inside a message are no news; they are renewed with the next write.
 */
function tellsNews(before: HealthCheckStatus, after: HealthCheckStatus, { verdict, writtenCause }: CheckView): boolean {
  const essence = ({ conditions, stuck, ...rest }: HealthCheckStatus): string =>
    JSON.stringify([
      rest.observedGeneration,
      rest.target,
      rest.outcome,
      rest.since,
      rest.history?.map(({ at, outcome }) => [at, outcome]),
      rest.restarts,
      rest.members,
      (conditions ?? []).map(({ type, status, reason, observedGeneration }) => [
        type,
        status,
        reason,
        observedGeneration
      ]),
      (stuck ?? []).map(({ partition, since }) => [partition, since])
    ])
  // Without a cause remembered, as after a change of leader, the message itself is compared.
  const sameCause = writtenCause === undefined ? before.message === after.message : writtenCause === verdict.cause
  return !sameCause || essence(before) !== essence(after)
}

function transitionEvents(
  { spec }: HealthCheckResource,
  before: HealthCheckStatus,
  after: HealthCheckStatus
): EventOptions[] {
  const { outcome = 'Inconclusive', message = '' } = after
  // The first «Inconclusive» of a new check is only that nobody has asked yet.
  if (outcome === (before.outcome ?? 'Inconclusive') || spec.suspend) return []
  const wouldRestart = spec.restart && outcome === 'Failing' ? `; would restart ${spec.restart.deployment}` : ''
  return [
    spec.dryRun
      ? { type: 'Normal', reason: outcome, action: 'Probe', note: `Dry run: ${message}${wouldRestart}` }
      : { type: outcome === 'Passing' ? 'Normal' : 'Warning', reason: outcome, action: 'Probe', note: message }
  ]
}

/**
 * A restart needs a failure that was just seen, not one remembered: while nothing can be asked, nothing is restarted. It comes at the
 * threshold, and again only when the one before has had its time to help and the budget allows.
 */
function planRestart(
  { spec }: HealthCheckResource,
  { verdict, fresh, restartsMs, budgetToldMs }: CheckView,
  nowMs: number
): { due: boolean; events: EventOptions[]; budgetToldMs: number | undefined } {
  const nothing = { due: false, events: [], budgetToldMs }
  const { restart, dryRun, suspend } = spec
  if (!restart || dryRun || suspend || verdict.outcome !== 'Failing' || fresh?.outcome !== 'Failing') return nothing
  const { deployment, budgetPerHour = 2, waitSeconds = 120 } = restart
  const spent = restartsMs.filter((at) => nowMs - at < hourMs)
  const last = spent[0]
  if (last !== undefined && nowMs - last < waitSeconds * 1000) return nothing
  if (spent.length >= budgetPerHour) {
    if (budgetToldMs === last) return nothing
    const note = `Deployment ${deployment} is not restarted: ${budgetPerHour} in an hour are spent`
    return {
      due: false,
      events: [{ type: 'Warning', reason: 'RestartBudgetSpent', action: 'Restart', note }],
      budgetToldMs: last
    }
  }
  const note = `Deployment ${deployment} is restarted, ${spent.length + 1} of ${budgetPerHour} in an hour`
  return { due: true, events: [{ type: 'Warning', reason: 'Restarted', action: 'Restart', note }], budgetToldMs }
}
