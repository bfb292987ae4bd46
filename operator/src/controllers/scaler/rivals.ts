import type { KubeClient, KubeObject, ResourceKind } from '../../kube/client.ts'
import { keyOf, type Reflector } from '../../kube/reflector.ts'
import type { Targets } from './target.ts'
import { targetKeyOf, type ScalerResource } from './types.ts'

export const autoscalerKind: ResourceKind = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true
}
const scaledObjectKind: ResourceKind = {
  group: 'keda.sh',
  version: 'v1alpha1',
  kind: 'ScaledObject',
  plural: 'scaledobjects',
  namespaced: true
}

interface TargetRef {
  apiVersion?: string
  kind?: string
  name?: string
}
interface Autoscaler extends KubeObject {
  spec: { scaleTargetRef?: TargetRef }
}

const freshMs = 30_000

/** Who else scales a target: an older Scaler, a HorizontalPodAutoscaler, or KEDA's ScaledObject where its CRD is installed. */
export class Rivals {
  readonly #client: KubeClient
  readonly #byTarget = new Map<string, Map<string, ScalerResource>>()
  readonly #autoscalers: Reflector
  readonly #targets: Targets
  #scaledObjects: { at: number; found: Promise<Autoscaler[]> } | undefined

  constructor(parts: { client: KubeClient; autoscalers: Reflector; targets: Targets }) {
    this.#client = parts.client
    this.#autoscalers = parts.autoscalers
    this.#targets = parts.targets
  }

  async of(resource: ScalerResource, now: number): Promise<string | undefined> {
    const older = this.#older(resource)
    if (older !== undefined) return `the older Scaler ${older}`
    const matches = ({ metadata, spec }: Autoscaler) =>
      metadata.namespace === resource.metadata.namespace && sameTarget(spec.scaleTargetRef, resource)
    const scaledObject = (await this.#listScaledObjects(now)).find(matches)
    if (scaledObject) return `the ScaledObject ${scaledObject.metadata.name}`
    for (const object of this.#autoscalers.objects())
      if (matches(object as Autoscaler)) return `the HorizontalPodAutoscaler ${object.metadata.name}`
    return undefined
  }

  put(resource: ScalerResource): void {
    const target = targetKeyOf(resource)
    const sharing = this.#byTarget.get(target) ?? new Map<string, ScalerResource>()
    sharing.set(keyOf(resource), resource)
    this.#byTarget.set(target, sharing)
  }

  /** @returns who shared the target and may take it over. */
  remove(resource: ScalerResource): ScalerResource[] {
    const target = targetKeyOf(resource)
    const sharing = this.#byTarget.get(target)
    sharing?.delete(keyOf(resource))
    if (sharing?.size === 0) this.#byTarget.delete(target)
    return [...(sharing?.values() ?? [])]
  }

  /** Of two made in the same second the smaller uid is older. */
  #older(resource: ScalerResource): string | undefined {
    const age = ({ metadata }: KubeObject) => `${metadata.creationTimestamp ?? ''}/${metadata.uid ?? ''}`
    const sharing = [...(this.#byTarget.get(targetKeyOf(resource))?.values() ?? [])]
    const [oldest] = sharing.toSorted((a, b) => (age(a) < age(b) ? -1 : 1))
    return oldest === undefined || age(oldest) >= age(resource) ? undefined : keyOf(oldest)
  }

  async #listScaledObjects(now: number): Promise<Autoscaler[]> {
    const known = this.#scaledObjects
    if (known && now - known.at < freshMs) return known.found
    const found = this.#targets
      .resourcesOf('keda.sh/v1alpha1', now)
      .then(async (resources) =>
        resources.some(({ name }) => name === 'scaledobjects')
          ? (await this.#client.list<Autoscaler>(scaledObjectKind, undefined)).items
          : []
      )
    this.#scaledObjects = { at: now, found }
    found.catch(() => (this.#scaledObjects = undefined))
    return found
  }
}

function sameTarget(ref: TargetRef | undefined, { spec }: ScalerResource): boolean {
  const group = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : '')
  return (
    ref?.name === spec.target.name &&
    (ref.kind ?? 'Deployment') === (spec.target.kind ?? 'Deployment') &&
    group(ref.apiVersion ?? 'apps/v1') === group(spec.target.apiVersion ?? 'apps/v1')
  )
}

export function trimAutoscaler(object: KubeObject): KubeObject {
  const { metadata, spec } = object as Autoscaler
  return { metadata, spec: { scaleTargetRef: spec.scaleTargetRef } }
}
