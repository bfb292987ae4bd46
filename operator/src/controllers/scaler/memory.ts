import { mergeConditions, rfc3339, type Condition, type NewCondition } from '../../kube/conditions.ts'
import { conditionsOf, recordOf, storyOf } from './explain.ts'
import type { Decision } from './plan.ts'
import type { Policy } from './policy.ts'
import { stateOf, type ScalerState } from './state.ts'
import type { DecisionRecord, ScalerResource, ScalerStatus } from './types.ts'

/** What the controller keeps of one Scaler between reconciles; after a restart it begins from status. */
export interface Memory {
  uid: string
  state: ScalerState
  decisions: DecisionRecord[]
  story: string | undefined
  figures: Pick<ScalerStatus, 'lag' | 'catchUpSeconds' | 'learned' | 'startSeconds' | 'rebalanceSeconds' | 'changes'>
  toldAt: number
  original: number | undefined
}

const decisionsMax = 10
/** Figures move with each reading and are written this seldom; a changed outcome is told at once. */
const figuresEveryMs = 30_000
const storyEveryMs = 10_000

export function memoryOf({ metadata, status }: ScalerResource): Memory {
  const { lag, catchUpSeconds, learned, startSeconds, rebalanceSeconds, changes } = status ?? {}
  return {
    uid: metadata.uid ?? '',
    state: stateOf(status),
    decisions: status?.decisions ?? [],
    story: undefined,
    figures: {
      ...(lag === undefined ? {} : { lag }),
      ...(catchUpSeconds === undefined ? {} : { catchUpSeconds }),
      ...(learned === undefined ? {} : { learned }),
      ...(startSeconds === undefined ? {} : { startSeconds }),
      ...(rebalanceSeconds === undefined ? {} : { rebalanceSeconds }),
      ...(changes === undefined ? {} : { changes })
    },
    toldAt: 0,
    original: status?.originalReplicas
  }
}

export interface Telling {
  memory: Memory
  status: ScalerStatus & { conditions: Condition[] }
  /** The record that is new in status, if there is one. */
  record: DecisionRecord | undefined
}

/** Turns a decision into status: new records when the story changed, figures now and then, and nothing when nothing is new. */
export function tell(
  resource: ScalerResource,
  before: Memory,
  told: { policy: Policy; decision: Decision; state: ScalerState; rival: string | undefined; now: number }
): Telling {
  const { policy, decision, state, rival, now } = told
  const { metadata, spec, status } = resource
  const story = storyOf(decision)
  const applied = decision.withheld === undefined && decision.from !== decision.to
  const news =
    applied || (story !== before.story && (before.story === undefined || now - before.toldAt >= storyEveryMs))
  const record = news && !isRepeat(before, decision) ? recordOf(decision) : undefined
  const refresh = record !== undefined || now - before.toldAt >= figuresEveryMs
  const decisions = record ? [record, ...before.decisions].slice(0, decisionsMax) : before.decisions
  const figures = refresh ? figuresOf(decision, state) : before.figures
  const original = before.original ?? (applied ? decision.from : undefined)
  const { conditions, absent } = conditionsOf(policy, decision, rival)
  const existing = status?.conditions ?? []
  const generation = metadata.generation ?? 0
  return {
    memory: {
      ...before,
      state,
      decisions,
      story: news ? story : before.story,
      figures,
      toldAt: refresh ? now : before.toldAt,
      original
    },
    record,
    status: {
      observedGeneration: generation,
      conditions: mergeConditions(existing, refresh ? conditions : steady(conditions, existing), {
        generation,
        now: new Date(now),
        absent
      }),
      target: `${spec.target.kind ?? 'Deployment'}/${spec.target.name}`,
      currentReplicas: applied ? decision.to : decision.from,
      desiredReplicas: decision.to,
      ...(original === undefined ? {} : { originalReplicas: original }),
      ...figures,
      ...(policy.min === 0 && state.idleSince !== undefined ? { idleSince: rfc3339(new Date(state.idleSince)) } : {}),
      decisions
    }
  }
}

/** After a restart the same outcome is no news. */
const isRepeat = ({ story, decisions: [last] }: Memory, { to, from, clamps }: Decision): boolean =>
  story === undefined &&
  last !== undefined &&
  from === to &&
  last.to === to &&
  last.clamps.map(({ name }) => name).join() === clamps.map(({ name }) => name).join()

/** A message that names figures or partitions moves all the time; it is renewed with the figures. */
const steady = (next: NewCondition[], existing: readonly Condition[]): NewCondition[] =>
  next.map((condition) => {
    const was = existing.find(({ type }) => type === condition.type)
    return was?.status === condition.status && was.reason === condition.reason
      ? { ...condition, message: was.message }
      : condition
  })

const rounded = (value: number): number => Number(value.toPrecision(3))

function figuresOf({ demand }: Decision, state: ScalerState): Memory['figures'] {
  const { startMs, rebalanceMs } = state.costs
  const lags = Object.values(demand.lags)
  const catchUps = lags.flatMap(({ catchUpSeconds }) => (catchUpSeconds === undefined ? [] : [catchUpSeconds]))
  const learned = Object.entries(state.lag).flatMap(([signal, { drain }]) =>
    drain ? [{ signal, drainPerReplica: rounded(drain.perSecond), samples: Math.min(drain.samples, 100) }] : []
  )
  return {
    ...(lags.length > 0 ? { lag: lags.reduce((sum, { lag }) => sum + lag, 0) } : {}),
    ...(catchUps.length > 0 ? { catchUpSeconds: Math.ceil(Math.max(...catchUps)) } : {}),
    ...(learned.length > 0 ? { learned } : {}),
    ...(startMs === undefined ? {} : { startSeconds: rounded(startMs / 1000) }),
    ...(rebalanceMs === undefined ? {} : { rebalanceSeconds: rounded(rebalanceMs / 1000) }),
    ...(state.changes.length > 0
      ? { changes: state.changes.map(({ at, from, to }) => ({ at: rfc3339(new Date(at)), from, to })) }
      : {})
  }
}
