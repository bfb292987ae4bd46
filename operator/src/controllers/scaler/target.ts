import { isNotFound, type KubeClient, type KubeObject, type ResourceKind } from '../../kube/client.ts'
import type { Reflector } from '../../kube/reflector.ts'
import type { ScalerResource } from './types.ts'

export const deploymentKind: ResourceKind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true
}

export interface ObservedTarget {
  kind: ResourceKind
  /** What it is asked to have, and what is there and ready. */
  replicas: number
  ready: number
}

/** The target cannot be scaled, and no retry mends that. */
export class TargetProblem extends Error {
  override name = 'TargetProblem'
  readonly reason: 'TargetNotFound' | 'NotScalable'
  constructor(reason: 'TargetNotFound' | 'NotScalable', message: string) {
    super(message)
    this.reason = reason
  }
}

/** Somebody changed the replicas between reading and writing: decide anew. */
export class TargetMoved extends Error {
  override name = 'TargetMoved'
}

interface Scale extends KubeObject {
  spec?: { replicas?: number }
  status?: { replicas?: number }
}

const discoveryMs = 60_000

/** Targets by their scale subresource. Deployments come from a watch, so that hundreds of Scalers read nothing; other kinds are asked for. */
export class Targets {
  readonly #client: KubeClient
  readonly #deployments: Reflector
  readonly #discovered = new Map<string, { at: number; resources: Promise<DiscoveredResource[]> }>()
  /** What was written and has not come back by the watch yet. */
  readonly #pending = new Map<string, { generation: number; replicas: number }>()

  constructor(client: KubeClient, deployments: Reflector) {
    this.#client = client
    this.#deployments = deployments
  }

  async observe(resource: ScalerResource, now: number): Promise<ObservedTarget> {
    const { namespace = '' } = resource.metadata
    const { name } = resource.spec.target
    const kind = await this.#kindOf(resource, now)
    if (kind.group !== 'apps' || kind.kind !== 'Deployment') {
      const scale = await this.#scale(kind, namespace, name)
      return { kind, replicas: scale.spec?.replicas ?? 0, ready: scale.status?.replicas ?? 0 }
    }
    const deployment = this.#deployments.get(`${namespace}/${name}`) as DeploymentPart | undefined
    if (!deployment) throw new TargetProblem('TargetNotFound', `There is no Deployment ${name} in this namespace`)
    const key = `${namespace}/${name}`
    const pending = this.#pending.get(key)
    const stale = pending !== undefined && deployment.metadata.generation === pending.generation
    if (!stale) this.#pending.delete(key)
    return {
      kind,
      replicas: stale ? pending.replicas : (deployment.spec.replicas ?? 1),
      ready: deployment.status?.readyReplicas ?? 0
    }
  }

  /** Writes through `/scale`, unless somebody was faster. */
  async write(resource: ScalerResource, observed: ObservedTarget, replicas: number): Promise<void> {
    const { namespace = '' } = resource.metadata
    const { name } = resource.spec.target
    const key = `${namespace}/${name}`
    const scale = await this.#scale(observed.kind, namespace, name)
    const generation = this.#deployments.get(key)?.metadata.generation
    if ((scale.spec?.replicas ?? 0) !== observed.replicas)
      throw new TargetMoved(`${name} has ${scale.spec?.replicas ?? 0} replicas and no longer ${observed.replicas}`)
    await this.#client.replace(observed.kind, { ...scale, spec: { ...scale.spec, replicas } }, 'scale')
    if (observed.kind.kind === 'Deployment' && generation !== undefined)
      this.#pending.set(key, { generation, replicas })
  }

  async #scale(kind: ResourceKind, namespace: string, name: string): Promise<Scale> {
    try {
      return (await this.#client
        .open(this.#client.path(kind, namespace, name, 'scale'), { timeoutMs: 10_000 })
        .then((response) => response.json())) as Scale
    } catch (thrown) {
      if (!isNotFound(thrown)) throw thrown
      throw new TargetProblem('TargetNotFound', `There is no ${kind.kind} ${name} in this namespace`)
    }
  }

  async #kindOf({ spec }: ScalerResource, now: number): Promise<ResourceKind> {
    const { apiVersion = 'apps/v1', kind = 'Deployment' } = spec.target
    if (apiVersion === 'apps/v1' && kind === 'Deployment') return deploymentKind
    const resources = await this.resourcesOf(apiVersion, now)
    const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'))
    if (!found) throw new TargetProblem('NotScalable', `The API server knows no ${kind} in ${apiVersion}`)
    if (!resources.some(({ name }) => name === `${found.name}/scale`))
      throw new TargetProblem('NotScalable', `${kind} has no scale subresource`)
    const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    return { group, version, kind, plural: found.name, namespaced: found.namespaced }
  }

  /** What the API server serves under a group and version; nothing where it knows neither. */
  async resourcesOf(apiVersion: string, now: number): Promise<DiscoveredResource[]> {
    const known = this.#discovered.get(apiVersion)
    if (known && now - known.at < discoveryMs) return known.resources
    const resources = this.#discover(apiVersion)
    if (this.#discovered.size > 1_000) this.#discovered.clear()
    this.#discovered.set(apiVersion, { at: now, resources })
    resources.catch(() => this.#discovered.delete(apiVersion))
    return resources
  }

  async #discover(apiVersion: string): Promise<DiscoveredResource[]> {
    try {
      const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
      const response = await this.#client.open(path, { timeoutMs: 10_000 })
      return ((await response.json()) as { resources?: DiscoveredResource[] }).resources ?? []
    } catch (thrown) {
      if (isNotFound(thrown)) return []
      throw thrown
    }
  }
}

interface DiscoveredResource {
  name: string
  kind: string
  namespaced: boolean
}

interface DeploymentPart extends KubeObject {
  spec: { replicas?: number }
  status?: { readyReplicas?: number }
}

/** What a Scaler needs of a Deployment; the rest would only fill the cache. */
export function trimDeployment(object: KubeObject): KubeObject {
  const { spec, status, metadata } = object as DeploymentPart
  const { name, namespace, uid, generation, resourceVersion } = metadata
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(generation === undefined ? {} : { generation }),
      ...(resourceVersion === undefined ? {} : { resourceVersion })
    },
    spec: { replicas: spec.replicas },
    status: { readyReplicas: status?.readyReplicas }
  }
}
