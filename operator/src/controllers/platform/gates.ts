import { appliedHashAnnotation, type DesiredObject } from '../../kube/apply.ts'
import type { KubeObject } from '../../kube/client.ts'
import type { Component } from './resources/components.ts'
import { serviceLabel } from './resources/metadata.ts'
import { keyOfDesired, wishOf } from './difference.ts'

export type Observed = ReadonlyMap<string, KubeObject>

export type Gate =
  | { state: 'open' }
  /** Not yet, and what is missing. */
  | { state: 'waiting'; why: string }
  /** It will not come by waiting. */
  | { state: 'failed'; why: string }

interface WorkloadStatus {
  observedGeneration?: number
  replicas?: number
  updatedReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  succeeded?: number
  conditions?: { type: string; status: string; reason?: string; message?: string }[]
}

const statusOf = (object: KubeObject | undefined): WorkloadStatus => (object?.['status'] as WorkloadStatus) ?? {}
const replicasAsked = (object: KubeObject | undefined): number =>
  (object?.['spec'] as { replicas?: number } | undefined)?.replicas ?? 1

export const podsOf = (deployment: KubeObject | undefined): { ready: number; desired: number } => ({
  ready: statusOf(deployment).readyReplicas ?? 0,
  desired: deployment ? replicasAsked(deployment) : 0
})

function jobGate(job: KubeObject): Gate {
  const { conditions = [] } = statusOf(job)
  const has = (type: string) => conditions.find((condition) => condition.type === type && condition.status === 'True')
  const failed = has('Failed')
  if (failed)
    return {
      state: 'failed',
      why: `Job ${job.metadata.name} failed: ${failed.message ?? failed.reason}. Without it, it is made anew`
    }
  return has('Complete') ? { state: 'open' } : { state: 'waiting', why: `Job ${job.metadata.name} has not ended` }
}

function deploymentGate(deployment: KubeObject): Gate {
  const { name, generation = 0 } = deployment.metadata
  const status = statusOf(deployment)
  const asked = replicasAsked(deployment)
  if ((status.observedGeneration ?? 0) < generation) {
    return { state: 'waiting', why: `Deployment ${name} has not been looked at yet` }
  }
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0, conditions = [] } = status
  if (updatedReplicas >= asked && availableReplicas >= asked && replicas <= updatedReplicas) return { state: 'open' }
  const progressing = conditions.find(({ type }) => type === 'Progressing')
  const why = `Deployment ${name}: ${updatedReplicas} of ${asked} pods are of this version, ${availableReplicas} of ${replicas} are available`
  return progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded'
    ? { state: 'failed', why }
    : { state: 'waiting', why }
}

/** HealthChecks of a service that fail now. One that cannot tell, or has not been asked yet, holds nothing up. */
function failingChecks(component: Component, observed: Observed): string[] {
  return [...observed.values()]
    .filter(({ kind, metadata }) => kind === 'HealthCheck' && metadata.labels?.[serviceLabel] === component.name)
    .filter((check) => (check['status'] as { outcome?: string } | undefined)?.outcome === 'Failing')
    .map(({ metadata }) => metadata.name)
    .toSorted()
}

/** Whether a step is done: what it applied is in place, available, and well. */
export function gateOf(component: Component, gate: DesiredObject | undefined, observed: Observed): Gate {
  if (!gate) return { state: 'open' }
  const object = observed.get(keyOfDesired(gate))
  if (!object || object.metadata.annotations?.[appliedHashAnnotation] !== wishOf(gate)) {
    return { state: 'waiting', why: `${gate.kind.kind} ${gate.object.metadata.name} is being applied` }
  }
  const own = gate.kind.kind === 'Job' ? jobGate(object) : deploymentGate(object)
  if (own.state !== 'open') return own
  const failing = failingChecks(component, observed)
  return failing.length === 0 ? own : { state: 'waiting', why: `HealthChecks fail: ${failing.join(', ')}` }
}
