import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { services } from '../../services/contracts/src/services.ts'
import { KubeClient, type KubeObject, type ResourceKind } from '../src/kube/client.ts'
import { conditionOf } from '../src/kube/conditions.ts'
import { ControllerRuntime } from '../src/kube/runtime.ts'
import { addPlatformController } from '../src/controllers/platform/register.ts'
import { componentsOf } from '../src/controllers/platform/resources/components.ts'
import { kinds } from '../src/controllers/platform/resources/kinds.ts'
import { aSpec } from '../src/controllers/platform/a-platform.ts'
import {
  platform as platformKind,
  type PlatformResource,
  type PlatformSpec
} from '../src/controllers/platform/types.ts'
import { healthCheck } from '../src/controllers/health-check/types.ts'
import { kafkaTopic } from '../src/controllers/kafka-topic/types.ts'
import { scaler } from '../src/controllers/scaler/types.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { eventually } from '../../test/support/eventually.ts'
import { applyCrds, namespaces } from './apply-crds.ts'
import { ClusterStandIn } from './stand-in.ts'

const pods: ResourceKind = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
const secrets: ResourceKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }
const eventKind: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true
}
const ownKinds = [healthCheck, kafkaTopic, scaler]

describe('Platform on a real API server, with a stand-in for the kubelet', () => {
  let api: ApiServer
  let client: KubeClient
  let runtime: ControllerRuntime
  let clock = 0
  const requests: string[] = []
  const faults: string[] = []
  const standIns: ClusterStandIn[] = []

  beforeAll(async () => {
    api = await startApiServer({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/platform'
    })
    client = new KubeClient(api.config)
    await applyCrds(client)
    const operatorClient = new KubeClient(api.config, (verb, kind) => requests.push(`${verb} ${kind}`))
    runtime = new ControllerRuntime({ client: operatorClient, health: { host: '127.0.0.1', port: 0 } })
    addPlatformController({
      runtime,
      client: operatorClient,
      ownKinds,
      instance: 'test',
      compareMs: 300,
      correctionMs: 50,
      onFault: (_key, fault) => faults.push(String(fault)),
      now: () => new Date(Date.now() + clock)
    })
    await runtime.start()
  })
  afterEach(async () => {
    for (const standIn of standIns.splice(0)) await standIn.stop()
  })
  afterAll(async () => {
    await runtime.stop()
    await api.stop()
  })

  interface Place {
    namespace: string
    standIn: ClusterStandIn
    apply(spec?: Partial<PlatformSpec>): Promise<PlatformResource>
    applySample(file: string): Promise<unknown>
    read(): Promise<PlatformResource>
    reason(): Promise<string | undefined>
  }

  /** A namespace of its own, restricted, in which pods come up. */
  async function aPlace(): Promise<Place> {
    const namespace = `platform-${randomBytes(3).toString('hex')}`
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await client.create(namespaces, { metadata: { name: namespace, labels } })
    const standIn = new ClusterStandIn(client, namespace)
    standIns.push(standIn)
    standIn.start()
    const read = () => client.get<PlatformResource>(platformKind, namespace, 'gavel')
    return {
      namespace,
      standIn,
      read,
      apply: (spec = {}) =>
        client.apply<PlatformResource>(
          platformKind,
          { metadata: { namespace, name: 'gavel' }, spec: aSpec(spec) },
          'test'
        ),
      applySample: (file) => {
        const sample = parse(readFileSync(join(import.meta.dirname, '../../k8s/samples', file), 'utf8')) as KubeObject
        return client.apply(platformKind, { ...sample, metadata: { ...sample.metadata, namespace } }, 'test')
      },
      reason: async () => {
        const { status, metadata } = await read()
        return status?.observedGeneration === metadata.generation
          ? conditionOf(status?.conditions, 'Ready')?.reason
          : undefined
      }
    }
  }
  /** Waits; and when it does not come, the platform says in its own words how far it is. */
  const becomes = async (place: Place, reason: string): Promise<void> => {
    let last: string | undefined
    await eventually(
      async () => {
        last = await place.reason()
        if (last !== reason)
          throw new Error(JSON.stringify({ ...(await place.read()).status, components: undefined, faults }))
        return true
      },
      { what: `Ready to say ${reason}` }
    )
  }
  const installed = async (spec: Partial<PlatformSpec> = {}): Promise<Place> => {
    const place = await aPlace()
    await place.apply(spec)
    await becomes(place, 'Deployed')
    return place
  }
  const list = async (kind: ResourceKind, { namespace }: Place) =>
    (await client.list<KubeObject>(kind, namespace)).items
  const names = async (kind: ResourceKind, place: Place) =>
    (await list(kind, place)).map(({ metadata }) => metadata.name)
  const versionOf = async (place: Place, name: string) =>
    (await client.get(kinds.deployment, place.namespace, name)).metadata.labels?.['app.kubernetes.io/version']

  test('the sample is accepted, and from it everything is made', async () => {
    const place = await aPlace()
    await place.applySample('platform.yaml')
    await becomes(place, 'Deployed')
    const all = services.map(({ name }) => name)
    expect(await names(kinds.deployment, place)).toEqual([...all, 'gateway'].toSorted())
    expect(await names(kinds.service, place)).toEqual([...all, 'gateway'].toSorted())
    expect(await names(kinds.serviceAccount, place)).toEqual([...all, 'gateway'].toSorted())
    expect(await names(kinds.disruptionBudget, place)).toEqual([...all, 'gateway'].toSorted())
    const databases = services.filter(({ stores }) => stores.includes('postgres')).map(({ name }) => name)
    expect(await names(kinds.networkPolicy, place)).toEqual(
      ['default-deny', 'gateway', ...all, ...databases.map((name) => `${name}-migrate`)].toSorted()
    )
    expect(await list(kinds.job, place)).toHaveLength(databases.length)
    expect(await names(kafkaTopic, place)).toEqual(expect.arrayContaining(['bids', 'orders', 'order.payments.dlq']))
    expect(await names(scaler, place)).toContain('bidding')
    expect(await names(healthCheck, place)).toEqual(expect.arrayContaining(['identity', 'order-payments']))
    const bidding = await client.get(kinds.service, place.namespace, 'bidding')
    expect((bidding['spec'] as { clusterIP: string }).clusterIP).toBe('None')
    const { status } = await place.read()
    expect(status).toMatchObject({ version: '0.1.0', ready: `${all.length + 1}/${all.length + 1}` })
    expect(status?.components?.find(({ name }) => name === 'order')).toEqual({
      name: 'order',
      ready: 2,
      desired: 2,
      version: '0.1.0'
    })
  })

  test('every object is what the API server would take under strict validation, as it is written', async () => {
    const place = await installed()
    const platform = await place.read()
    const context = { platform, spec: platform.spec, kinds: new Set(ownKinds.map(({ kind }) => kind)) }
    for (const { kind, object } of componentsOf(context).flatMap(({ objects }) => objects)) {
      const path = client.path(kind, place.namespace, object.metadata.name)
      const { status } = await client.open(path, {
        method: 'PATCH',
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'strict', force: true, dryRun: 'All', fieldValidation: 'Strict' },
        body: {
          apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
          kind: kind.kind,
          ...object
        }
      })
      expect(status, path).toBe(200)
    }
  })

  test('a pod of each Deployment and Job is admitted where the restricted level is enforced', async () => {
    const place = await installed()
    const workloads = [...(await list(kinds.deployment, place)), ...(await list(kinds.job, place))]
    for (const { metadata, spec } of workloads as (KubeObject & { spec: { template: KubeObject } })[]) {
      const pod = { ...spec.template, apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name } }
      await client.open(client.path(pods, place.namespace), { method: 'POST', query: { dryRun: 'All' }, body: pod })
    }
    const loose = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'loose' },
      spec: { containers: [{ name: 'a', image: 'a' }] }
    }
    await expect(
      client.open(client.path(pods, place.namespace), { method: 'POST', query: { dryRun: 'All' }, body: loose })
    ).rejects.toThrow(/violates PodSecurity "restricted/)
  })

  test('the sample with its secrets in Vault: pods are admitted with a token for Vault alone, and there is no Secret', async () => {
    const place = await aPlace()
    await place.applySample('vault/platform.yaml')
    await becomes(place, 'Deployed')
    const deployment = (await client.get(kinds.deployment, place.namespace, 'order')) as KubeObject & {
      spec: { template: KubeObject & { spec: { volumes: object[] } } }
    }
    const { template } = deployment.spec
    expect(template.spec.volumes).toContainEqual({
      name: 'vault',
      projected: {
        defaultMode: 0o440,
        sources: [
          { serviceAccountToken: { audience: 'vault', expirationSeconds: 3600, path: 'token' } },
          { configMap: { name: 'vault-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } }
        ]
      }
    })
    const pod = { ...template, apiVersion: 'v1', kind: 'Pod', metadata: { name: 'order' } }
    await client.open(client.path(pods, place.namespace), { method: 'POST', query: { dryRun: 'All' }, body: pod })
    expect(await names(secrets, place)).toEqual([])
    expect(requests.filter((request) => request.endsWith(' Secret'))).toEqual([])
  })

  test('what is changed or removed by hand is as it was, and an Event tells', async () => {
    const place = await installed()
    const { namespace } = place
    await client.patch(kinds.deployment, namespace, 'order', {
      spec: { template: { spec: { terminationGracePeriodSeconds: 7 } } }
    })
    await client.patch(kinds.networkPolicy, namespace, 'payment', { spec: { ingress: [{}] } })
    await client.patch(kinds.service, namespace, 'web', { metadata: { labels: { 'gavel.dev/platform': null } } })
    await client.delete(kinds.disruptionBudget, namespace, 'order')
    await eventually(async () => {
      const deployment = await client.get(kinds.deployment, namespace, 'order')
      const { template } = deployment['spec'] as { template: { spec: { terminationGracePeriodSeconds: number } } }
      return template.spec.terminationGracePeriodSeconds === 35
    })
    await eventually(async () => {
      const { spec } = (await client.get(kinds.networkPolicy, namespace, 'payment')) as unknown as {
        spec: { ingress: { from?: unknown[] }[] }
      }
      return (spec.ingress[0]?.from?.length ?? 0) > 0
    })
    await eventually(async () => (await names(kinds.disruptionBudget, place)).includes('order'))
    await eventually(async () => {
      const { metadata } = await client.get(kinds.service, namespace, 'web')
      return metadata.labels?.['gavel.dev/platform'] === 'gavel'
    })
    await eventually(async () =>
      (await list(eventKind, place)).some(
        (event) => event['reason'] === 'DriftReverted' && String(event['note']).includes('NetworkPolicy payment')
      )
    )
  })

  test('a number of pods that somebody scaled to stays, and quantities written in another way are no difference', async () => {
    const resources = { requests: { cpu: '1000m', memory: '1024Mi' } }
    const place = await installed({ services: { order: { resources } } })
    await client.patch(kinds.deployment, place.namespace, 'order', { spec: { replicas: 4 } }, 'scale')
    await place.apply({ version: '1.0.1', services: { order: { resources } } })
    await eventually(async () => (await place.read()).status?.version === '1.0.1')
    const { spec } = (await client.get(kinds.deployment, place.namespace, 'order')) as unknown as {
      spec: { replicas: number }
    }
    expect(spec.replicas).toBe(4)
    await expectSilence()
  })

  /** Many comparisons of all Platforms, and not one write. */
  async function expectSilence(): Promise<void> {
    const total = runtime.registry.getSingleMetric('controller_runtime_reconcile_total')
    const reconciles = async () => (await total?.get())?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
    const isWrite = (request: string) => /^(apply|patch|create|update|delete)/.test(request)
    // Whatever was under way ends first: a whole comparison without a write is the beginning.
    await eventually(async () => {
      requests.length = 0
      const from = await reconciles()
      await eventually(async () => (await reconciles()) > from + 4)
      return !requests.some(isWrite)
    })
    requests.length = 0
    const from = await reconciles()
    await eventually(async () => (await reconciles()) > from + 20)
    expect(requests.filter(isWrite)).toEqual([])
  }

  test('a platform in place costs no write to the API server', async () => {
    await installed()
    await expectSilence()
  })

  test('an upgrade waits for each service, and rolls back by itself when one does not come up', async () => {
    const place = await installed()
    const bad = '2.0.0'
    place.standIn.comesUp = ({ metadata, kind: _kind }) =>
      !(metadata.name === 'bidding' && metadata.labels?.['app.kubernetes.io/version'] === bad)
    await place.apply({ version: bad })
    await eventually(async () => (await place.read()).status?.rollout?.step === 'bidding')
    expect([
      await versionOf(place, 'identity'),
      await versionOf(place, 'bidding'),
      await versionOf(place, 'web')
    ]).toEqual([bad, bad, '1.0.0'])
    expect(conditionOf((await place.read()).status?.conditions, 'Ready')?.message).toMatch(
      /bidding.*0 of 2 pods|bidding/
    )
    clock += 301_000
    await becomes(place, 'RolledBack')
    for (const { name } of services) expect(await versionOf(place, name)).toBe('1.0.0')
    const { status } = await place.read()
    expect(status).toMatchObject({ version: '1.0.0', failed: { version: bad, step: 'bidding' } })
    expect(conditionOf(status?.conditions, 'Stalled')?.status).toBe('True')
    const reasons = (await list(eventKind, place)).map((event) => event['reason'])
    expect(reasons).toEqual(expect.arrayContaining(['Deployed', 'Upgrading', 'RolledBack']))
    await place.apply({ version: '2.0.1' })
    await becomes(place, 'Deployed')
    expect(await versionOf(place, 'gateway')).toBe('2.0.1')
  })

  test('another configuration of the gateway is another ConfigMap, and the old one goes when no pod needs it', async () => {
    const place = await installed()
    const mounted = async () => {
      const { spec } = (await client.get(kinds.deployment, place.namespace, 'gateway')) as unknown as {
        spec: { template: { spec: { volumes: { configMap?: { name: string } }[] } } }
      }
      return spec.template.spec.volumes.find(({ configMap }) => configMap)?.configMap?.name ?? ''
    }
    const before = await mounted()
    place.standIn.comesUp = ({ metadata }) => metadata.name !== 'gateway'
    await place.apply({ gateway: { origins: ['https://other.example'] } })
    await eventually(async () => (await mounted()) !== before)
    // Objects of one step are written side by side, so the Deployment may be there a moment before what it mounts; a kubelet waits for it.
    await eventually(async () =>
      expect(await names(kinds.configMap, place)).toEqual(expect.arrayContaining([before, await mounted()]))
    )
    place.standIn.comesUp = () => true
    await becomes(place, 'Deployed')
    await eventually(async () => !(await names(kinds.configMap, place)).includes(before))
  })

  test('what is not wanted any more is removed, and what is not the platform’s is left, whatever labels it has', async () => {
    const place = await installed()
    const metadata = { namespace: place.namespace, name: 'theirs', labels: { 'gavel.dev/platform': 'gavel' } }
    await client.create(kinds.configMap, { metadata, data: {} })
    await place.apply({ networkPolicies: { enabled: false }, healthChecks: { enabled: false } })
    await eventually(async () => (await names(kinds.networkPolicy, place)).length === 0)
    await eventually(async () => (await names(healthCheck, place)).length === 0)
    expect(await names(kinds.configMap, place)).toContain('theirs')
  })

  test('a name that somebody else has is not taken from them', async () => {
    const place = await aPlace()
    const spec = { ports: [{ port: 1 }], selector: { app: 'another' } }
    await client.create(kinds.service, { metadata: { namespace: place.namespace, name: 'order' }, spec })
    await place.apply()
    await becomes(place, 'NameTaken')
    const service = await client.get(kinds.service, place.namespace, 'order')
    expect((service['spec'] as { selector: object }).selector).toEqual({ app: 'another' })
    await client.delete(kinds.service, place.namespace, 'order')
    await becomes(place, 'Deployed')
  })

  test('deleting it leaves Secrets and topics; all else has it for its owner, and nothing is made again', async () => {
    const place = await aPlace()
    const { namespace } = place
    await client.create(secrets, { metadata: { namespace, name: 'postgres' }, stringData: { url: 'postgres://x' } })
    await place.apply()
    await becomes(place, 'Deployed')
    const { uid } = (await place.read()).metadata
    for (const kind of [...Object.values(kinds), ...ownKinds]) {
      for (const { metadata } of await list(kind, place)) {
        expect(
          metadata.ownerReferences?.map((owner) => owner.uid),
          `${kind.kind} ${metadata.name}`
        ).toEqual([uid])
      }
    }
    for (const topic of await list(kafkaTopic, place)) expect(topic['spec']).toMatchObject({ deletionPolicy: 'Retain' })
    const secret = await client.get(secrets, namespace, 'postgres')
    expect(secret.metadata.ownerReferences).toBeUndefined()
    await client.delete(platformKind, namespace, 'gavel')
    await eventually(async () => (await client.find(platformKind, namespace, 'gavel')) === undefined)
    // There is no garbage collector here; what it would remove is removed by hand, and must not come back.
    await client.delete(kinds.deployment, namespace, 'order')
    await expectSilence()
    expect(await names(kinds.deployment, place)).not.toContain('order')
  })
})
