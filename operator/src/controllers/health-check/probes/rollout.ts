import { failing, inconclusive, passing, type Finding } from '@gavel/platform/probes/finding.ts'
import { isNotFound, type KubeClient, type KubeObject, type ResourceKind } from '../../../kube/client.ts'
import type { Condition } from '../../../kube/conditions.ts'
import type { RolloutCheck } from '../spec.ts'
import type { ProbeContext } from './context.ts'

const appsKind = (kind: RolloutCheck['kind']): ResourceKind => ({
  group: 'apps',
  version: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true
})
export const deployments = appsKind('Deployment')

export async function checkRollout(
  check: RolloutCheck,
  client: KubeClient,
  { target, namespace, timeoutMs, signal }: ProbeContext
): Promise<Finding> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  try {
    return judgeRollout(target, check, await client.get(appsKind(check.kind), namespace, check.name, ended))
  } catch (thrown) {
    if (isNotFound(thrown)) return failing(`${target} does not exist`)
    return inconclusive(`The API server cannot be asked: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}

interface WorkloadStatus {
  observedGeneration?: number
  availableReplicas?: number
  updatedReplicas?: number
  desiredNumberScheduled?: number
  numberAvailable?: number
  conditions?: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[]
}

/** Pure: whether enough replicas of a workload are available, by the workload's own status. */
export function judgeRollout(target: string, check: RolloutCheck, workload: KubeObject): Finding {
  const { generation = 0 } = workload.metadata
  const spec = (workload['spec'] ?? {}) as { replicas?: number; paused?: boolean }
  const status = (workload['status'] ?? {}) as WorkloadStatus
  // Until its controller has seen the newest spec, the status speaks of an older one.
  if ((status.observedGeneration ?? 0) < generation)
    return inconclusive(`${target} has not been looked at by its controller`)
  const asked = check.kind === 'DaemonSet' ? (status.desiredNumberScheduled ?? 0) : (spec.replicas ?? 1)
  const available = (check.kind === 'DaemonSet' ? status.numberAvailable : status.availableReplicas) ?? 0
  const wanted = check.availableMin ?? asked
  const late = status.conditions?.find(({ type, status: is }) => type === 'Progressing' && is === 'False')
  if (late) return failing(`${target}: ${late.message.slice(0, 500)}`)
  return available >= wanted
    ? passing(`${target} has ${available} of ${asked} replicas available`)
    : failing(`${target} has ${available} of ${wanted} replicas available`)
}
