import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Admin, Producer } from '@platformatic/kafka'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { addScalerController } from '../src/controllers/scaler/register.ts'
import { autoscalerKind } from '../src/controllers/scaler/rivals.ts'
import { deploymentKind } from '../src/controllers/scaler/target.ts'
import { scaler, type ScalerResource, type ScalerSpec } from '../src/controllers/scaler/types.ts'
import type { KafkaAdminPort } from '../src/kafka/admin-port.ts'
import { createKafkaAdmin } from '../src/kafka/platformatic-admin.ts'
import { KubeClient, type KubeObject, type ResourceKind } from '../src/kube/client.ts'
import { conditionOf } from '../src/kube/conditions.ts'
import { Reflector } from '../src/kube/reflector.ts'
import { ControllerRuntime } from '../src/kube/runtime.ts'
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
interface Deployment extends KubeObject {
  spec: { replicas: number }
  status?: { replicas?: number; readyReplicas?: number }
}

/**
 * A real API server and real offsets in a real broker. There is no kubelet and no deployment controller here: the test itself reports a
 * Deployment's replicas as ready, and commits offsets where pods would consume. What is tested is the operator, not the pods.
 */
describe('Scaler on a real API server and a real broker', () => {
  const prefix = `scaler-${randomBytes(4).toString('hex')}-`
  let api: ApiServer
  let client: KubeClient
  let kafka: KafkaAdminPort
  let groups: Admin
  let runtime: ControllerRuntime
  let kubelet: Reflector
  const requests: string[] = []
  const faults: unknown[] = []
  /** Replicas that each Deployment was asked to have, in order. */
  const asked = new Map<string, number[]>()

  beforeAll(async () => {
    api = await startApiServer({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/scaler'
    })
    client = new KubeClient(api.config)
    await applyCrds(client)
    const brokers = backends().kafka.split(',')
    kafka = createKafkaAdmin({ brokers, clientId: 'operator-test' })
    groups = new Admin({ clientId: 'operator-test', bootstrapBrokers: brokers })
    await installScaledObjects()
    kubelet = standInForKubelets()
    await kubelet.start()
    runtime = await startRuntime(kafka)
  })
  afterAll(async () => {
    await runtime.stop()
    await kubelet.stop()
    await groups.close()
    await kafka.close()
    await api.stop()
    expect(faults).toEqual([])
  })

  /** KEDA's kind without KEDA: whether a target has a ScaledObject is all that is asked. */
  async function installScaledObjects(): Promise<void> {
    await client.apply(
      {
        group: 'apiextensions.k8s.io',
        version: 'v1',
        kind: 'CustomResourceDefinition',
        plural: 'customresourcedefinitions',
        namespaced: false
      },
      {
        metadata: { name: 'scaledobjects.keda.sh' },
        spec: {
          group: 'keda.sh',
          scope: 'Namespaced',
          names: {
            kind: 'ScaledObject',
            plural: 'scaledobjects',
            singular: 'scaledobject',
            listKind: 'ScaledObjectList'
          },
          versions: [
            {
              name: 'v1alpha1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
            }
          ]
        }
      },
      'test'
    )
    await eventually(() =>
      client.create<KubeObject>(
        { group: 'keda.sh', version: 'v1alpha1', kind: 'ScaledObject', plural: 'scaledobjects', namespaced: true },
        {
          metadata: { namespace: 'default', name: `${prefix}keda` },
          spec: { scaleTargetRef: { name: `${prefix}keda` } }
        }
      )
    )
  }

  function standInForKubelets(): Reflector {
    const reflector = new Reflector({ client, kind: deploymentKind })
    reflector.onEvent(({ type, object }) => {
      if (type === 'deleted') return
      const { metadata, spec, status } = object as Deployment
      const history = asked.get(metadata.name) ?? []
      if (history.at(-1) !== spec.replicas) asked.set(metadata.name, [...history, spec.replicas])
      if (status?.readyReplicas === spec.replicas || (spec.replicas === 0 && !status?.readyReplicas)) return
      client
        .patch(
          deploymentKind,
          metadata.namespace,
          metadata.name,
          { status: { replicas: spec.replicas, readyReplicas: spec.replicas } },
          'status'
        )
        .catch((fault: unknown) => faults.push(fault))
    })
    return reflector
  }

  async function startRuntime(admin: KafkaAdminPort): Promise<ControllerRuntime> {
    const operatorClient = new KubeClient(api.config, (verb, kind) => requests.push(`${verb} ${kind}`))
    const started = new ControllerRuntime({ client: operatorClient, health: { host: '127.0.0.1', port: 0 } })
    addScalerController({
      runtime: started,
      client: operatorClient,
      admin,
      instance: 'test',
      intervalMs: 250,
      pace: { learnEveryMs: 500, stalledAfterMs: 5_000 },
      onFault: (_key, fault) => faults.push(fault)
    })
    await started.start()
    return started
  }

  const deploy = (name: string, replicas: number) =>
    client.create<KubeObject>(deploymentKind, {
      metadata: { namespace: 'default', name },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: name }] } }
      }
    })
  const applyScaler = (name: string, spec: Partial<ScalerSpec> & Pick<ScalerSpec, 'signals'>) =>
    client.apply<ScalerResource>(
      scaler,
      { metadata: { namespace: 'default', name }, spec: { target: { name }, replicas: { min: 1, max: 10 }, ...spec } },
      'test'
    )
  const read = (name: string) => client.get<ScalerResource>(scaler, 'default', name)
  const replicasOf = async (name: string) =>
    (await client.get<Deployment>(deploymentKind, 'default', name)).spec.replicas
  const reasonOf = async (name: string, type = 'Ready') =>
    conditionOf((await read(name)).status?.conditions, type)?.reason
  const eventsOf = async (name: string) =>
    (await client.list(eventKind, 'default')).items
      .filter((event) => (event['regarding'] as { name?: string }).name === name)
      .map((event) => event['reason'])
  const told = (name: string, reasons: readonly string[]) =>
    eventually(async () => {
      const events = await eventsOf(name)
      return reasons.every((reason) => events.includes(reason))
    })
  const reconciles = async () =>
    (await runtime.registry.getSingleMetric('controller_runtime_reconcile_total')?.get())?.values.reduce(
      (sum, { value }) => sum + value,
      0
    ) ?? 0

  /** A topic of its own with messages in it, spread evenly. */
  async function backlog(name: string, partitions: number, messages: number): Promise<void> {
    await kafka.createTopics([{ topic: name, partitions, replicas: 1, config: {} }])
    const producer = new Producer({ clientId: 'operator-test', bootstrapBrokers: backends().kafka.split(',') })
    await eventually(
      async () => (await kafka.readGroupOffsets([{ group: name, topics: [name] }]))[0]?.length === partitions
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
  const commit = (name: string, offsets: readonly number[]) =>
    groups.alterConsumerGroupOffsets({
      groupId: name,
      topics: [{ name, partitionOffsets: offsets.map((offset, partition) => ({ partition, offset: BigInt(offset) })) }]
    })
  const lagSignal = (name: string, more: Partial<NonNullable<ScalerSpec['signals'][number]['kafkaLag']>> = {}) => ({
    name: 'lag',
    kafkaLag: { group: name, topics: [name], lagPerReplica: 1000, ...more }
  })
  const quickDown = { scaleDown: { stabilizationWindowSeconds: 2 } }

  test('a lag of 100,000 messages scales up to the cap and back down, once each way, and says why', async () => {
    const name = `${prefix}rush`
    await backlog(name, 8, 100_000)
    await deploy(name, 1)
    await applyScaler(name, {
      signals: [lagSignal(name, { maxCatchUpSeconds: 5 })],
      behavior: {
        scaleUp: { policies: [{ type: 'Pods', value: 3, periodSeconds: 1 }] },
        scaleDown: { stabilizationWindowSeconds: 2, policies: [{ type: 'Percent', value: 50, periodSeconds: 1 }] }
      }
    })
    await eventually(async () => (await read(name)).status?.currentReplicas === 8)
    const busy = await read(name)
    expect(busy.status?.lag).toBe(100_000)
    expect(busy.status?.decisions?.[0]?.inputs[0]).toMatchObject({ signal: 'lag', wants: 8 })
    expect(busy.status?.decisions?.some(({ clamps }) => clamps.some((clamp) => clamp.name === 'step-up'))).toBe(true)
    expect(conditionOf(busy.status?.conditions, 'Ready')).toMatchObject({ status: 'True', reason: 'Scaling' })
    // Where pods would consume, the offsets are moved on, a slice at a time.
    for (let done = 500; done <= 12_500; done += 500) {
      await commit(
        name,
        Array.from({ length: 8 }, () => done)
      )
      const seen = await reconciles()
      await eventually(async () => (await reconciles()) > seen + 1, { everyMs: 20 })
    }
    await eventually(async () => (await replicasOf(name)) === 1)
    const history = asked.get(name) ?? []
    expect(Math.max(...history)).toBe(8)
    const turns = history.filter((value, index) => {
      const [was, next] = [history[index - 1], history[index + 1]]
      return was !== undefined && next !== undefined && Math.sign(value - was) !== Math.sign(next - value)
    })
    expect(turns).toEqual([8])
    await told(name, ['ScaledUp', 'ScaledDown'])
  })

  test('a converged Scaler costs no write', async () => {
    const name = `${prefix}quiet`
    await backlog(name, 2, 0)
    await deploy(name, 1)
    await applyScaler(name, { signals: [lagSignal(name)] })
    await eventually(async () => (await reasonOf(name)) === 'Scaling')
    const settled = await reconciles()
    await eventually(async () => (await reconciles()) > settled + 10)
    const { metadata } = await read(name)
    const from = await reconciles()
    requests.length = 0
    await eventually(async () => (await reconciles()) > from + 30)
    expect((await read(name)).metadata.resourceVersion).toBe(metadata.resourceVersion)
    expect(requests.filter((request) => /^(apply|patch|create|update|delete)/.test(request))).toEqual([])
  })

  test('of two Scalers on one target the older one scales, and the other takes over when it is gone', async () => {
    const name = `${prefix}shared`
    await backlog(name, 4, 4000)
    await deploy(name, 1)
    await applyScaler(name, { signals: [lagSignal(name)], replicas: { min: 2, max: 2 } })
    await eventually(async () => (await replicasOf(name)) === 2)
    // Age is told in whole seconds: of two made in the same second the uid would decide.
    const { metadata } = await read(name)
    await eventually(() => Date.now() >= Date.parse(metadata.creationTimestamp ?? '') + 1000)
    // Names are made so that the younger one would come first in every listing.
    const younger = `${prefix}a-shared`
    await applyScaler(younger, { target: { name }, signals: [lagSignal(name)], replicas: { min: 4, max: 4 } })
    await eventually(async () => (await reasonOf(younger)) === 'AnotherScaler')
    expect(conditionOf((await read(younger)).status?.conditions, 'Stalled')?.message).toContain(`default/${name}`)
    expect(await replicasOf(name)).toBe(2)
    await client.delete(scaler, 'default', name)
    await eventually(async () => (await replicasOf(name)) === 4)
  })

  test('next to a HorizontalPodAutoscaler nothing is written', async () => {
    const name = `${prefix}hpa`
    await backlog(name, 4, 4000)
    await deploy(name, 1)
    await client.create<KubeObject>(autoscalerKind, {
      metadata: { namespace: 'default', name },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }
        ]
      }
    })
    await applyScaler(name, { signals: [lagSignal(name)] })
    await eventually(async () => (await reasonOf(name)) === 'AnotherScaler')
    expect((await read(name)).status?.desiredReplicas).toBe(4)
    expect(await replicasOf(name)).toBe(1)
    await client.delete(autoscalerKind, 'default', name)
    await eventually(async () => (await replicasOf(name)) === 4)
  })

  test('next to a ScaledObject nothing is written', async () => {
    const name = `${prefix}keda`
    await backlog(name, 2, 4000)
    await deploy(name, 1)
    await applyScaler(name, { signals: [lagSignal(name)] })
    await eventually(async () => (await reasonOf(name)) === 'AnotherScaler')
    expect(conditionOf((await read(name)).status?.conditions, 'Ready')?.message).toContain('ScaledObject')
    expect(asked.get(name)).toEqual([1])
  })

  test('anything with a scale subresource is a target, such as a StatefulSet', async () => {
    const name = `${prefix}set`
    const kind = { ...deploymentKind, kind: 'StatefulSet', plural: 'statefulsets' }
    await backlog(name, 2, 4000)
    await client.create<KubeObject>(kind, {
      metadata: { namespace: 'default', name },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: name }] } }
      }
    })
    await applyScaler(name, { target: { kind: 'StatefulSet', name }, signals: [lagSignal(name)] })
    await eventually(async () => (await client.get<Deployment>(kind, 'default', name)).spec.replicas === 2)
  })

  test('whoever keeps resetting the replicas is not fought for ever', async () => {
    const name = `${prefix}contested`
    await backlog(name, 2, 4000)
    await deploy(name, 1)
    await applyScaler(name, { signals: [lagSignal(name)] })
    for (let round = 0; round < 3; round++) {
      await eventually(async () => (await replicasOf(name)) === 2)
      const seen = await reconciles()
      await eventually(async () => (await reconciles()) > seen + 10)
      await client.patch(deploymentKind, 'default', name, { spec: { replicas: 1 } })
    }
    await eventually(async () => (await reasonOf(name)) === 'Contested')
    expect(await replicasOf(name)).toBe(1)
  })

  test('Recommend explains and writes nothing; Auto then does what was recommended', async () => {
    const name = `${prefix}recommended`
    await backlog(name, 4, 4000)
    await deploy(name, 1)
    await applyScaler(name, { mode: 'Recommend', signals: [lagSignal(name)] })
    await eventually(async () => (await read(name)).status?.desiredReplicas === 4)
    await told(name, ['Recommended'])
    const { status } = await read(name)
    expect(status?.decisions?.[0]).toMatchObject({ from: 1, to: 4, applied: false })
    expect(asked.get(name)).toEqual([1])
    await applyScaler(name, { mode: 'Auto', signals: [lagSignal(name)] })
    await eventually(async () => (await replicasOf(name)) === 4)
  })

  test('paused, nothing changes; and pausedIn still lets it grow', async () => {
    const name = `${prefix}paused`
    await backlog(name, 4, 4000)
    await deploy(name, 2)
    await applyScaler(name, { paused: true, signals: [lagSignal(name)], behavior: quickDown })
    await eventually(async () => (await reasonOf(name)) === 'Paused')
    await eventually(async () => (await read(name)).status?.decisions?.[0]?.clamps.at(-1)?.name === 'paused')
    expect(asked.get(name)).toEqual([2])
    await applyScaler(name, { pausedIn: true, signals: [lagSignal(name)], behavior: quickDown })
    await eventually(async () => (await replicasOf(name)) === 4)
    await commit(name, [1000, 1000, 1000, 1000])
    await eventually(async () =>
      (await read(name)).status?.decisions?.[0]?.clamps.some((clamp) => clamp.name === 'paused-in')
    )
    expect(await replicasOf(name)).toBe(4)
  })

  test('to zero through one, awake again, and what was there before is restored on deletion', async () => {
    const name = `${prefix}asleep`
    await backlog(name, 2, 200)
    await commit(name, [100, 100])
    await deploy(name, 2)
    await applyScaler(name, {
      signals: [lagSignal(name)],
      replicas: { min: 0, max: 4 },
      behavior: quickDown,
      scaleToZero: { coolDownSeconds: 3 },
      onDelete: 'Restore'
    })
    await eventually(async () => (await replicasOf(name)) === 0)
    expect(asked.get(name)).toEqual([2, 1, 0])
    await commit(name, [50, 100])
    await eventually(async () => (await replicasOf(name)) === 1)
    await told(name, ['ScaledDown', 'ScaledToZero', 'Activated'])
    await client.delete(scaler, 'default', name)
    await eventually(async () => (await client.find(scaler, 'default', name)) === undefined)
    expect(await replicasOf(name)).toBe(2)
  })

  test('a topic that cannot be read is missing data and no zero lag; a target that is not there is told', async () => {
    const name = `${prefix}missing`
    await deploy(name, 3)
    await applyScaler(name, { signals: [lagSignal(name)], behavior: quickDown })
    await eventually(async () => (await reasonOf(name, 'Fallback')) === 'SignalsMissing')
    expect((await read(name)).status?.decisions?.[0]?.clamps.map((clamp) => clamp.name)).toContain('missing-data')
    expect(await replicasOf(name)).toBe(3)
    const nobody = `${prefix}nobody`
    await applyScaler(nobody, { signals: [lagSignal(name)] })
    await eventually(async () => (await reasonOf(nobody)) === 'TargetNotFound')
    await applyScaler(`${nobody}-config`, {
      target: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' },
      signals: [lagSignal(name)]
    })
    await eventually(async () => (await reasonOf(`${nobody}-config`)) === 'NotScalable')
  })

  test('one partition that does not move is named, and drives nothing up', async () => {
    const name = `${prefix}stalled`
    await backlog(name, 4, 4000)
    await commit(name, [1000, 1000, 10, 1000])
    await deploy(name, 1)
    await applyScaler(name, { signals: [lagSignal(name, { lagPerReplica: 500 })] })
    await eventually(
      async () => conditionOf((await read(name)).status?.conditions, 'ScalingCannotHelp')?.status === 'True'
    )
    expect(conditionOf((await read(name)).status?.conditions, 'ScalingCannotHelp')?.message).toContain(`${name}/2`)
    expect(asked.get(name)).toEqual([1])
  })

  test('after a restart it goes on from status, without a change and without telling the same again', async () => {
    const name = `${prefix}restarted`
    await backlog(name, 4, 4000)
    await deploy(name, 1)
    await applyScaler(name, { signals: [lagSignal(name)] })
    await eventually(async () => (await replicasOf(name)) === 4)
    await eventually(async () => (await read(name)).status?.currentReplicas === 4)
    const { status } = await read(name)
    await runtime.stop()
    runtime = await startRuntime(kafka)
    await eventually(async () => (await reconciles()) > 20)
    expect(asked.get(name)).toEqual([1, 4])
    expect((await read(name)).status?.decisions?.at(-1)).toEqual(status?.decisions?.at(-1))
  })

  test.each([
    [
      'a signal of two kinds',
      {
        signals: [
          { name: 'both', kafkaLag: { group: 'g', topics: ['t'] }, auctionCalendar: { url: 'http://x', perReplica: 1 } }
        ]
      },
      /exactly one of/
    ],
    [
      'a calendar alone',
      { signals: [{ name: 'calendar', auctionCalendar: { url: 'http://x', perReplica: 1 } }] },
      /a floor only/
    ],
    ['a minimum above the maximum', { signals: [lagSignal('x')], replicas: { min: 3, max: 2 } }, /must not be above/],
    [
      'a rate without a source',
      { signals: [{ name: 'bids', bidsPerSecond: { perReplica: 1 } }] },
      /prometheus or endpoint/
    ],
    [
      'a fallback without a number',
      { signals: [lagSignal('x')], fallback: { behavior: 'Replicas' as const } },
      /needs fallback.replicas/
    ]
  ])('the API server refuses %s', async (_what, spec, message) => {
    await expect(applyScaler(`${prefix}refused`, spec)).rejects.toThrow(message)
  })

  test('the samples are accepted', async () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'k8s', 'samples', 'scaler.yaml'), 'utf8')
    for (const document of parseAllDocuments(text)) {
      const sample = document.toJS() as ScalerResource
      const applied = await client.apply<ScalerResource>(
        scaler,
        { ...sample, metadata: { ...sample.metadata, namespace: 'default' } },
        'test'
      )
      expect(applied.spec.target.apiVersion).toBe('apps/v1')
      await eventually(async () => (await reasonOf(sample.metadata.name)) === 'TargetNotFound')
    }
  })
})
