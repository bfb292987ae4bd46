import type { NewCondition } from '../../kube/conditions.ts'
import { rfc3339 } from '../../kube/conditions.ts'
import { keyOfDesired } from './difference.ts'
import { gateOf, podsOf, type Gate, type Observed } from './gates.ts'
import { componentsOf, type Component } from './resources/components.ts'
import type { BuildContext } from './resources/metadata.ts'
import type { ComponentStatus, PlatformResource, PlatformSpec, PlatformStatus } from './types.ts'
import { removals, revisionOf, writesOf, type KindLookup, type Write } from './writes.ts'

export interface PlatformPlanInput {
  platform: PlatformResource
  /** What carries this platform's label, by kind and name. */
  observed: Observed
  /** The spec that last was in place as a whole, as its ControllerRevision keeps it. */
  good: PlatformSpec | undefined
  /** An older Platform in the same namespace: the names of its objects are ours. */
  older?: string
  kinds: ReadonlySet<string>
  kindOf: KindLookup
  settled: ReadonlyMap<string, string>
  now: Date
}

export interface PlatformPlan {
  writes: Write[]
  conditions: NewCondition[]
  absent: string[]
  status: Omit<PlatformStatus, 'conditions' | 'observedGeneration'>
  /** Keep this spec as the last good one. */
  keep?: PlatformSpec
  /** When a time limit ends, if nothing happens before. */
  wakeInMs?: number
}

const ready = (reason: string, message: string): NewCondition => ({ type: 'Ready', status: 'True', reason, message })
const notReady = (reason: string, message: string): NewCondition => ({
  type: 'Ready',
  status: 'False',
  reason,
  message
})
const reconciling = (reason: string, message: string): NewCondition => ({
  type: 'Reconciling',
  status: 'True',
  reason,
  message
})
const stalled = (reason: string, message: string): NewCondition => ({
  type: 'Stalled',
  status: 'True',
  reason,
  message
})

interface Step {
  component: Component
  gate: Gate
}

/** Decides what brings a platform one step nearer to its spec. Pure: the same input gives the same plan. */
export function planPlatform(input: PlatformPlanInput): PlatformPlan {
  const { platform, older, good } = input
  if (older !== undefined) {
    const message = `The Platform ${older} is older and has this namespace: there is room for one in a namespace`
    return idle(input, [notReady('ResourceConflict', message), stalled('ResourceConflict', message)], ['Reconciling'])
  }
  if (platform.spec.paused)
    return idle(input, [ready('Paused', 'Reconciliation is paused by spec.paused')], ['Reconciling', 'Stalled'])
  const revision = revisionOf(platform.spec)
  const { failed } = platform.status ?? {}
  if (failed?.revision === revision && good) return rolledBack(input, good, failed)
  if (good && revisionOf(good) === revision) return settledPlan(input, good)
  return rollout(input, revision)
}

function idle(input: PlatformPlanInput, conditions: NewCondition[], absent: string[]): PlatformPlan {
  const { conditions: _conditions, observedGeneration: _generation, ...status } = input.platform.status ?? {}
  return { writes: [], conditions, absent, status }
}

const contextOf = ({ platform, kinds }: PlatformPlanInput, spec: PlatformSpec): BuildContext => ({
  platform,
  kinds,
  spec
})

/** The objects of several components, each once: who names one first decides it. */
function distinct(components: readonly Component[]): Component[] {
  const taken = new Set<string>()
  return components.map((component) => ({
    ...component,
    objects: component.objects.filter((object) => {
      const key = keyOfDesired(object)
      return taken.has(key) ? false : taken.add(key)
    })
  }))
}

const stepsOf = (components: readonly Component[], observed: Observed): Step[] =>
  components.map((component) => ({ component, gate: gateOf(component, component.gate, observed) }))

const allWrites = (components: readonly Component[], { observed, settled }: PlatformPlanInput): Write[] =>
  distinct(components).flatMap((component) => writesOf(component, observed, settled))

function removalsFor(components: readonly Component[], input: PlatformPlanInput): Write[] {
  const wanted = new Set(components.flatMap(({ objects }) => objects.map(keyOfDesired)))
  return removals(wanted, input.observed, input.platform.metadata.uid, input.kindOf)
}

function figures(components: readonly Component[], { observed }: PlatformPlanInput) {
  const status = components
    .filter(({ type }) => type === 'service' || type === 'gateway')
    .map(({ name, gate }): ComponentStatus => {
      const deployment = gate && observed.get(keyOfDesired(gate))
      const version = deployment?.metadata.labels?.['app.kubernetes.io/version']
      return { name, ...podsOf(deployment), ...(version === undefined ? {} : { version }) }
    })
  const well = status.filter((component) => component.desired > 0 && component.ready >= component.desired).length
  return { components: status, ready: `${well}/${status.length}` }
}

const waitingFor = (steps: readonly Step[]): string =>
  steps.flatMap(({ gate }) => (gate.state === 'open' ? [] : [gate.why])).join('; ')

/** The spec is in place: keep it so, and say when a part of it is not well. */
function settledPlan(input: PlatformPlanInput, spec: PlatformSpec): PlatformPlan {
  const components = componentsOf(contextOf(input, spec))
  const missing = waitingFor(stepsOf(components, input.observed))
  const status = { version: spec.version, revision: revisionOf(spec), ...figures(components, input) }
  const writes = [...allWrites(components, input), ...removalsFor(components, input)]
  return missing === ''
    ? {
        writes,
        conditions: [ready('Deployed', `Version ${spec.version} is in place`)],
        absent: ['Reconciling', 'Stalled'],
        status
      }
    : {
        writes,
        conditions: [notReady('ComponentsUnavailable', missing), reconciling('ComponentsUnavailable', missing)],
        absent: ['Stalled'],
        status
      }
}

/** The change failed: the last good state is put in place and kept, until the spec is another. */
function rolledBack(
  input: PlatformPlanInput,
  good: PlatformSpec,
  failed: NonNullable<PlatformStatus['failed']>
): PlatformPlan {
  const settled = settledPlan(input, good)
  const back = settled.conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  const why = `Version ${failed.version} failed at ${failed.step}: ${failed.reason}`
  const said = `${why}. Version ${good.version} is ${back ? 'in place again' : 'being put back'}; change the spec to try again`
  return {
    ...settled,
    // What the failed change made stays for whoever asks why: its Jobs have logs.
    writes: settled.writes.filter(({ type }) => type !== 'Delete'),
    status: { ...settled.status, failed },
    conditions: back
      ? [notReady('RolledBack', said), stalled('RolledBack', said)]
      : [notReady('RollingBack', said), reconciling('RollingBack', said)],
    absent: back ? ['Reconciling'] : ['Stalled']
  }
}

/** How far a rollout goes now: up to the first step that is not done. At the first installation all services start together. */
function reached(steps: readonly Step[], first: boolean): number {
  const stop = steps.findIndex(
    ({ component, gate }) => gate.state !== 'open' && !(first && component.type === 'service')
  )
  return stop === -1 ? steps.length : stop + 1
}

function rollout(input: PlatformPlanInput, revision: string): PlatformPlan {
  const { platform, good, now, observed } = input
  const { spec, status: before } = platform
  const components = componentsOf(contextOf(input, spec))
  const steps = stepsOf(components, observed)
  const pending = steps.find(({ gate }) => gate.state !== 'open')
  if (!pending) {
    const plan = settledPlan(input, spec)
    return { ...plan, keep: spec }
  }
  const previous = before?.rollout
  const same = previous?.revision === revision && previous.step === pending.component.name
  const since = same ? previous.since : rfc3339(now)
  const limitMs = (spec.upgrade?.healthTimeoutSeconds ?? 300) * 1000
  const leftMs = Date.parse(since) + limitMs - now.getTime()
  const why = pending.gate.state === 'open' ? '' : pending.gate.why
  const failed = pending.gate.state === 'failed' || leftMs <= 0
  const reason = pending.gate.state === 'failed' ? why : `not done in ${limitMs / 1000} s: ${why}`
  if (failed && good && (spec.upgrade?.rollback ?? true)) {
    return rolledBack(input, good, {
      revision,
      version: spec.version,
      step: pending.component.name,
      reason: reason.slice(0, 1000)
    })
  }
  const done = components.slice(0, reached(steps, good === undefined))
  const rest = good
    ? componentsOf(contextOf(input, good)).filter(({ name }) => !done.some((other) => other.name === name))
    : []
  const step = `${pending.component.name} (${steps.indexOf(pending) + 1} of ${steps.length})`
  const message = failed ? `Stopped at ${step}: ${reason}` : `At ${step}: ${why}`
  const word = good ? 'Upgrading' : 'Installing'
  return {
    // Nothing is removed on the way: pods of the version before may still need it.
    writes: allWrites([...done, ...rest], input),
    conditions: failed
      ? [notReady('RolloutFailed', message), stalled('RolloutFailed', message)]
      : [notReady(word, message), reconciling(word, message)],
    absent: failed ? ['Reconciling'] : ['Stalled'],
    status: {
      ...(before?.version === undefined ? {} : { version: before.version }),
      ...(before?.revision === undefined ? {} : { revision: before.revision }),
      ...figures(components, input),
      rollout: { revision, version: spec.version, step: pending.component.name, since }
    },
    ...(failed ? {} : { wakeInMs: Math.max(leftMs, 0) + 1000 })
  }
}
