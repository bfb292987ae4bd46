import type { NewCondition } from '../../kube/conditions.ts'
import { rfc3339 } from '../../kube/conditions.ts'
import type { Decision } from './plan.ts'
import type { Policy } from './policy.ts'
import type { DecisionRecord } from './types.ts'

/** One sentence for `kubectl get -o wide` and the Event. */
export function resultOf({ from, to, inputs, clamps, withheld }: Decision): string {
  const last = clamps.findLast((clamp) => clamp.to === to)
  const asked = inputs
    .toSorted((a, b) => (b.wants ?? Infinity) - (a.wants ?? Infinity))
    .slice(0, 2)
    .map(({ signal, wants, why }) => `${signal} ${wants === undefined ? '' : `asks for ${wants}: `}${why}`)
    .join('; ')
  const moved = from === to ? `stays at ${to}` : `${from} → ${to}${withheld === undefined ? '' : ' (not applied)'}`
  return [moved, ...(last ? [`${last.name}: ${last.why}`] : []), asked].join('. ').slice(0, 1000)
}

export const recordOf = (decision: Decision): DecisionRecord => ({
  at: rfc3339(new Date(decision.at)),
  from: decision.from,
  to: decision.to,
  applied: decision.withheld === undefined && decision.from !== decision.to,
  inputs: decision.inputs.map(({ why, ...input }) => ({ ...input, why: why.slice(0, 500) })),
  clamps: decision.clamps.map(({ why, ...clamp }) => ({ ...clamp, why: why.slice(0, 500) })),
  result: resultOf(decision)
})

/** What makes two decisions the same story: figures move all the time, outcomes and rules do not. */
export const storyOf = ({ to, clamps, withheld, demand }: Decision): string =>
  JSON.stringify([to, clamps.map(({ name }) => name), withheld, demand.failed])

export function conditionsOf(
  policy: Policy,
  decision: Decision,
  rival: string | undefined
): { conditions: NewCondition[]; absent: string[] } {
  const conditions = [readyOf(policy, decision, rival), helpOf(decision)]
  const absent = ['Reconciling']
  const stalledReason = decision.withheld === 'Rival' || decision.withheld === 'Contested'
  const ready = conditions[0]
  if (stalledReason && ready) conditions.push({ ...ready, type: 'Stalled', status: 'True' })
  else absent.push('Stalled')
  const { failed, missing } = decision.demand
  conditions.push(
    failed.length > 0
      ? {
          type: 'Fallback',
          status: 'True',
          reason: 'SignalsMissing',
          message: `${failed.join(', ')} cannot be read: ${whyOf(decision, failed)}`
        }
      : {
          type: 'Fallback',
          status: 'False',
          reason: missing.length > 0 ? 'ShortGap' : 'SignalsRead',
          message: 'Signals are read'
        }
  )
  return { conditions, absent }
}

const whyOf = ({ inputs }: Decision, names: readonly string[]): string =>
  inputs
    .filter(({ signal }) => names.includes(signal))
    .map(({ why }) => why)
    .join('; ')

function readyOf(policy: Policy, decision: Decision, rival: string | undefined): NewCondition {
  const ready = (status: 'True' | 'False', reason: string, message: string): NewCondition => ({
    type: 'Ready',
    status,
    reason,
    message
  })
  switch (decision.withheld) {
    case 'Rival':
      return ready(
        'False',
        'AnotherScaler',
        `The target is scaled by ${rival ?? 'another'} as well; nothing is written`
      )
    case 'Contested':
      return ready(
        'False',
        'Contested',
        'Somebody else keeps changing the replicas of the target; nothing is written for ten minutes'
      )
    case 'Recommend':
      return ready('True', 'Recommending', 'Decisions are explained and not written')
    case undefined:
      break
    default:
      decision.withheld satisfies never
  }
  if (policy.paused) return ready('True', 'Paused', 'spec.paused is set')
  if (decision.demand.failed.length > 0)
    return ready('False', 'SignalsMissing', 'Not every signal can be read; see Fallback')
  return ready('True', 'Scaling', 'The target is scaled by its signals')
}

/** Says which partitions keep behind whatever the number of replicas. */
function helpOf({ demand }: Decision): NewCondition {
  const of = (status: 'True' | 'False', reason: string, message: string): NewCondition => ({
    type: 'ScalingCannotHelp',
    status,
    reason,
    message
  })
  const stuck = Object.values(demand.lags).flatMap(({ classes }) =>
    classes.filter((found) => found.class === 'Stalled' || found.class === 'Stopped')
  )
  if (stuck.length > 0) {
    const named = stuck.slice(0, 10).map(({ key, class: found }) => `${key} (${found.toLowerCase()})`)
    const more = stuck.length > 10 ? ` and ${stuck.length - 10} more` : ''
    const stopped = stuck.every((found) => found.class === 'Stopped')
    return of(
      'True',
      stopped ? 'ConsumersMissing' : 'PartitionsStalled',
      `The group’s offset stands still in ${named.join(', ')}${more}: ${stopped ? 'the group has no members' : 'look for a message that cannot be processed'}`
    )
  }
  const skewed = Object.values(demand.lags).flatMap((lag) => (lag.skewed ? [lag.skewed] : []))
  const [hot] = skewed
  if (hot)
    return of('True', 'PartitionSkewed', `${hot.key} holds most of the lag, and one partition is read by one replica`)
  return of('False', 'Spread', 'No partition is stalled or holds most of the lag')
}
