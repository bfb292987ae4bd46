import { isConflict, isNotFound, type KubeClient, type KubeObject } from '../src/kube/client.ts'
import { kinds } from '../src/controllers/platform/resources/kinds.ts'

/** Whether the pods of an object come up. */
export type ComesUp = (object: KubeObject) => boolean

/**
 * Stands in for what a bare API server lacks: the Job and Deployment controllers, scheduler and kubelet. It writes the status they would
 * write when all goes well, and nothing where it is told that things go wrong.
 */
export class ClusterStandIn {
  readonly #client: KubeClient
  readonly #namespace: string
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  comesUp: ComesUp = () => true

  constructor(client: KubeClient, namespace: string) {
    this.#client = client
    this.#namespace = namespace
  }

  start(): void {
    let busy = false
    this.#timer = setInterval(() => {
      if (busy) return
      busy = true
      // An object that is gone in between, or was written in between, is looked at again in the next round.
      this.#round = this.#bringUp()
        .catch((fault: unknown) => {
          if (!isNotFound(fault) && !isConflict(fault)) console.error(fault)
        })
        .finally(() => (busy = false))
    }, 100)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#round
  }

  async #bringUp(): Promise<void> {
    for (const kind of [kinds.job, kinds.deployment]) {
      const { items } = await this.#client.list<KubeObject>(kind, this.#namespace)
      for (const object of items) {
        const status = kind === kinds.job ? ended(object) : available(object)
        if (!status || !this.comesUp(object)) continue
        await this.#client.patch(kind, this.#namespace, object.metadata.name, { status }, 'status')
      }
    }
  }
}

function ended(job: KubeObject): object | undefined {
  const status = job['status'] as { conditions?: { type: string }[] } | undefined
  if (status?.conditions?.some(({ type }) => type === 'Complete')) return undefined
  const at = `${new Date().toISOString().slice(0, 19)}Z`
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: at, lastTransitionTime: at })
  return {
    startTime: at,
    completionTime: at,
    succeeded: 1,
    conditions: [condition('SuccessCriteriaMet'), condition('Complete')]
  }
}

function available(deployment: KubeObject): object | undefined {
  const { generation } = deployment.metadata
  const { replicas = 1 } = deployment['spec'] as { replicas?: number }
  const status = deployment['status'] as { observedGeneration?: number; replicas?: number } | undefined
  if (status?.observedGeneration === generation && (status?.replicas ?? 0) === replicas) return undefined
  return {
    observedGeneration: generation,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas
  }
}
