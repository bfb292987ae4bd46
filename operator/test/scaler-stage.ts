import { Admin, Producer } from '@platformatic/kafka'
import { addScalerController } from '../src/controllers/scaler/register.ts'
import { deploymentKind } from '../src/controllers/scaler/target.ts'
import { scaler, type ScalerResource, type ScalerSpec } from '../src/controllers/scaler/types.ts'
import type { KafkaAdminPort } from '../src/kafka/admin-port.ts'
import { createKafkaAdmin } from '../src/kafka/platformatic-admin.ts'
import { KubeClient, type KubeObject, type ResourceKind } from '../src/kube/client.ts'
import { conditionOf } from '../src/kube/conditions.ts'
import { Reflector } from '../src/kube/reflector.ts'
import { ControllerRuntime } from '../src/kube/runtime.ts'
import type { KubernetesBinaries } from '../../test/cluster/kubernetes-binaries.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { backends } from '../../test/support/backends.ts'
import { eventually } from '../../test/support/eventually.ts'
import { applyCrds } from './apply-crds.ts'

const eventKind: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true
}
export interface Deployment extends KubeObject {
  spec: { replicas: number }
  status?: { replicas?: number; readyReplicas?: number }
}

/**
 * A real API server and real offsets in a real broker. There is no kubelet and no deployment controller here: the stage itself reports a
 * Deployment's replicas as ready, and tests commit offsets where pods would consume. What is tested is the operator, not the pods.
 */
export class ScalerStage {
  readonly client: KubeClient
  readonly kafka: KafkaAdminPort
  readonly requests: string[] = []
  readonly faults: unknown[] = []
  /** Replicas that each Deployment was asked to have, in order. */
  readonly asked = new Map<string, number[]>()
  readonly #api: ApiServer
  readonly #groups: Admin
  readonly #kubelet: Reflector
  #runtime: ControllerRuntime | undefined

  private constructor(api: ApiServer) {
    const brokers = backends().kafka.split(',')
    this.#api = api
    this.client = new KubeClient(api.config)
    this.kafka = createKafkaAdmin({ brokers, clientId: 'operator-test' })
    this.#groups = new Admin({ clientId: 'operator-test', bootstrapBrokers: brokers })
    this.#kubelet = this.#standInForKubelets()
  }

  /** @param prepare what must be in the cluster before the operator starts. */
  static async start(
    options: { binaries: KubernetesBinaries; directory: string },
    prepare: (client: KubeClient) => Promise<void> = async () => {}
  ): Promise<ScalerStage> {
    const stage = new ScalerStage(await startApiServer(options))
    await applyCrds(stage.client)
    await prepare(stage.client)
    await stage.#kubelet.start()
    stage.#runtime = await stage.#startRuntime()
    return stage
  }

  async stop(): Promise<void> {
    await this.runtime.stop()
    await this.#kubelet.stop()
    await this.#groups.close()
    await this.kafka.close()
    await this.#api.stop()
  }

  /** A new process in the place of the old one: nothing is remembered but what is in status. */
  async restart(): Promise<void> {
    await this.runtime.stop()
    this.#runtime = await this.#startRuntime()
  }

  get runtime(): ControllerRuntime {
    if (!this.#runtime) throw new Error('The stage has not started')
    return this.#runtime
  }

  #standInForKubelets(): Reflector {
    const reflector = new Reflector({ client: this.client, kind: deploymentKind })
    reflector.onEvent(({ type, object }) => {
      if (type === 'deleted') return
      const { metadata, spec, status } = object as Deployment
      const history = this.asked.get(metadata.name) ?? []
      if (history.at(-1) !== spec.replicas) this.asked.set(metadata.name, [...history, spec.replicas])
      if (status?.readyReplicas === spec.replicas || (spec.replicas === 0 && !status?.readyReplicas)) return
      this.client
        .patch(
          deploymentKind,
          metadata.namespace,
          metadata.name,
          { status: { replicas: spec.replicas, readyReplicas: spec.replicas } },
          'status'
        )
        .catch((fault: unknown) => this.faults.push(fault))
    })
    return reflector
  }

  async #startRuntime(): Promise<ControllerRuntime> {
    const operatorClient = new KubeClient(this.#api.config, (verb, kind) => this.requests.push(`${verb} ${kind}`))
    const started = new ControllerRuntime({ client: operatorClient, health: { host: '127.0.0.1', port: 0 } })
    addScalerController({
      runtime: started,
      client: operatorClient,
      admin: this.kafka,
      instance: 'test',
      intervalMs: 250,
      pace: { learnEveryMs: 500, stalledAfterMs: 5_000 },
      onFault: (_key, fault) => this.faults.push(fault)
    })
    await started.start()
    return started
  }

  readonly deploy = (name: string, replicas: number) =>
    this.client.create<KubeObject>(deploymentKind, {
      metadata: { namespace: 'default', name },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: name }] } }
      }
    })
  readonly applyScaler = (name: string, spec: Partial<ScalerSpec> & Pick<ScalerSpec, 'signals'>) =>
    this.client.apply<ScalerResource>(
      scaler,
      { metadata: { namespace: 'default', name }, spec: { target: { name }, replicas: { min: 1, max: 10 }, ...spec } },
      'test'
    )
  readonly read = (name: string) => this.client.get<ScalerResource>(scaler, 'default', name)
  readonly replicasOf = async (name: string) =>
    (await this.client.get<Deployment>(deploymentKind, 'default', name)).spec.replicas
  readonly reasonOf = async (name: string, type = 'Ready') =>
    conditionOf((await this.read(name)).status?.conditions, type)?.reason
  readonly eventsOf = async (name: string) =>
    (await this.client.list(eventKind, 'default')).items
      .filter((event) => (event['regarding'] as { name?: string }).name === name)
      .map((event) => event['reason'])
  readonly told = (name: string, reasons: readonly string[]) =>
    eventually(async () => {
      const events = await this.eventsOf(name)
      return reasons.every((reason) => events.includes(reason))
    })
  readonly reconciles = async () =>
    (await this.runtime.registry.getSingleMetric('controller_runtime_reconcile_total')?.get())?.values.reduce(
      (sum, { value }) => sum + value,
      0
    ) ?? 0

  /** A topic of its own with messages in it, spread evenly. */
  async backlog(name: string, partitions: number, messages: number): Promise<void> {
    await this.kafka.createTopics([{ topic: name, partitions, replicas: 1, config: {} }])
    const producer = new Producer({ clientId: 'operator-test', bootstrapBrokers: backends().kafka.split(',') })
    await eventually(
      async () => (await this.kafka.readGroupOffsets([{ group: name, topics: [name] }]))[0]?.length === partitions
    )
    const value = Buffer.from('{}')
    for (let sent = 0; sent < messages; sent += 10_000) {
      const batch = Array.from({ length: Math.min(10_000, messages - sent) }, (_, index) => ({
        topic: name,
        partition: index % partitions,
        value
      }))
      await producer.send({ messages: batch, acks: 1 })
    }
    await producer.close()
  }
  readonly commit = (name: string, offsets: readonly number[]) =>
    this.#groups.alterConsumerGroupOffsets({
      groupId: name,
      topics: [{ name, partitionOffsets: offsets.map((offset, partition) => ({ partition, offset: BigInt(offset) })) }]
    })
}

export const lagSignal = (
  name: string,
  more: Partial<NonNullable<ScalerSpec['signals'][number]['kafkaLag']>> = {}
) => ({
  name: 'lag',
  kafkaLag: { group: name, topics: [name], lagPerReplica: 1000, ...more }
})
export const quickDown = { scaleDown: { stabilizationWindowSeconds: 2 } }
