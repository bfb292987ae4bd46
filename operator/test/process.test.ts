import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { KubeClient, type KubeObject, type ResourceKind } from '../src/kube/client.ts'
import { conditionOf, type Condition } from '../src/kube/conditions.ts'
import { leases } from '../src/kube/lease.ts'
import { aSpec } from '../src/controllers/platform/a-platform.ts'
import { kafkaTopic, topicNameOf, type KafkaTopicResource } from '../src/controllers/kafka-topic/types.ts'
import { scaler } from '../src/controllers/scaler/types.ts'
import { createKafkaAdmin } from '../src/kafka/platformatic-admin.ts'
import { platform } from '../src/controllers/platform/types.ts'
import { operatorRbac } from '../src/rbac.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { backends } from '../../test/support/backends.ts'
import { operator as operatorDashboard } from '../../charts/observability/dashboards/operator.ts'
import { eventually } from '../../test/support/eventually.ts'
import { prometheusOver } from '../../test/support/prometheus.ts'
import { applyCrds, namespaces } from './apply-crds.ts'
import { ClusterStandIn } from './stand-in.ts'

const own = 'gavel-system'
const kindOf = (object: Record<string, unknown>): ResourceKind => {
  const [group, version] = String(object['apiVersion']).includes('/')
    ? String(object['apiVersion']).split('/')
    : ['', object['apiVersion']]
  const kind = String(object['kind'])
  const namespaced = !kind.startsWith('Cluster')
  return { group: group ?? '', version: String(version), kind, plural: `${kind.toLowerCase()}s`, namespaced }
}

interface Line {
  level: string
  message: string
  port?: number
  identity?: string
  error?: { message: string }
}

class OperatorProcess {
  readonly child: ChildProcess
  readonly lines: Line[] = []
  readonly exited: Promise<number | null>

  constructor(env: Record<string, string>) {
    const { PATH = '' } = process.env
    const main = join(import.meta.dirname, '../src/main.ts')
    this.child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH, ...env } })
    let rest = ''
    this.child.stdout?.on('data', (chunk) => {
      const parts = `${rest}${String(chunk)}`.split('\n')
      rest = parts.pop() ?? ''
      this.lines.push(...parts.filter((part) => part.startsWith('{')).map((part) => JSON.parse(part) as Line))
    })
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null)
  }

  async started(): Promise<Line> {
    return await eventually(() => this.lines.find(({ message }) => message === 'Started'), {
      what: 'the operator to start'
    })
  }

  async get(path: string): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${(await this.started()).port}${path}`)
    return { status: response.status, text: await response.text() }
  }
}

describe('two processes of the operator, under the rights it is given in a cluster', () => {
  const prefix = `process-${randomBytes(4).toString('hex')}-`
  const processes: OperatorProcess[] = []
  let api: ApiServer
  let client: KubeClient
  let kubeconfig: string
  let asOperator: KubeClient

  beforeAll(async () => {
    const directory = inject('temporaryDirectory') + '/process'
    api = await startApiServer({ binaries: inject('kubernetesBinaries'), directory })
    client = new KubeClient(api.config)
    await applyCrds(client)
    await client.create(namespaces, { metadata: { name: own } })
    for (const object of operatorRbac(own)) await client.apply(kindOf(object), object as unknown as KubeObject, 'test')
    const config = await asServiceAccount()
    asOperator = new KubeClient(config)
    kubeconfig = join(directory, 'operator.kubeconfig')
    await writeFile(kubeconfig, config.exportConfig(), { mode: 0o600 })
  })
  afterAll(async () => {
    for (const { child, exited } of processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await exited
    }
    const topics = (await client.list<KafkaTopicResource>(kafkaTopic, undefined)).items.map(topicNameOf)
    const admin = createKafkaAdmin({ brokers: backends().kafka.split(','), clientId: 'operator-test' })
    await admin.deleteTopics(topics)
    await admin.close()
    await api.stop()
  })

  /** A token as the kubelet would mount it. */
  async function asServiceAccount(): Promise<KubeConfig> {
    const response = await client.open(`/api/v1/namespaces/${own}/serviceaccounts/gavel-operator/token`, {
      method: 'POST',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
    })
    const { status } = (await response.json()) as { status: { token: string } }
    const config = new KubeConfig()
    const cluster = api.config.getCurrentCluster()
    if (!cluster) throw new Error('The API server has no cluster entry')
    config.loadFromClusterAndUser(cluster, { name: 'operator', token: status.token })
    return config
  }
  const start = (name: string): OperatorProcess => {
    const started = new OperatorProcess({
      KUBECONFIG: kubeconfig,
      KAFKA_BROKERS: backends().kafka,
      POD_NAMESPACE: own,
      POD_NAME: name,
      HOST: '127.0.0.1',
      PORT: '0',
      LEASE_MS: '3000',
      LEASE_RETRY_MS: '200'
    })
    processes.push(started)
    return started
  }
  const holder = async (): Promise<string> =>
    ((await client.find(leases, own, 'gavel-operator'))?.['spec'] as { holderIdentity?: string } | undefined)
      ?.holderIdentity ?? ''
  const leader = async (): Promise<OperatorProcess> => {
    const identity = await eventually(holder)
    for (const each of processes) if ((await each.started()).identity === identity) return each
    throw new Error(`nobody is ${identity}`)
  }
  const isReady = async (kind: ResourceKind, namespace: string, name: string): Promise<boolean> => {
    const { status } = (await client.get(kind, namespace, name)) as { status?: { conditions?: Condition[] } }
    const ready = conditionOf(status?.conditions, 'Ready')
    if (ready?.status !== 'True') throw new Error(ready?.message ?? 'no status yet')
    return true
  }
  const applyTopic = (name: string) =>
    client.apply(
      kafkaTopic,
      { metadata: { namespace: 'default', name }, spec: { partitions: 1, deletionPolicy: 'Delete' } },
      'test'
    )

  test('the rights are enough for a whole Platform, and not for what the operator has no business with', async () => {
    for (const each of [start('operator-0'), start('operator-1')]) await each.started()
    const namespace = `shop-${randomBytes(3).toString('hex')}`
    await client.create(namespaces, { metadata: { name: namespace } })
    const standIn = new ClusterStandIn(client, namespace)
    standIn.start()
    const kafka = { brokers: backends().kafka.split(','), topicPrefix: prefix }
    // Nothing runs in the pods that the stand-in pretends, so nothing would answer a check.
    const spec = aSpec({ backends: { ...aSpec().backends, kafka }, healthChecks: { enabled: false } })
    await client.apply(platform, { metadata: { namespace, name: 'gavel' }, spec }, 'test')
    try {
      await eventually(() => isReady(platform, namespace, 'gavel'))
      await eventually(() => isReady(kafkaTopic, namespace, 'bids'))
    } finally {
      await standIn.stop()
    }
    const refused = processes.flatMap(({ lines }) => lines).filter(({ error }) => error?.message.includes('forbidden'))
    expect(refused).toEqual([])
    expect(JSON.stringify(await client.list(scaler, namespace))).not.toContain('forbidden')
    const nodes: ResourceKind = { group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }
    const secrets: ResourceKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }
    await expect(asOperator.list(nodes, undefined)).rejects.toMatchObject({ code: 403 })
    await expect(asOperator.list(secrets, namespace)).rejects.toMatchObject({ code: 403 })
    await expect(asOperator.delete(platform, namespace, 'gavel')).rejects.toMatchObject({ code: 403 })
  })

  test('both are alive and ready, one leads, and figures have the usual names', async () => {
    for (const each of processes) {
      expect((await each.get('/livez')).status).toBe(200)
      expect((await each.get('/readyz')).status).toBe(200)
      expect((await each.get('/metrics')).text).toContain('workqueue_depth{name="platform"}')
    }
  })

  test('a real Prometheus fills every panel of its dashboard', async () => {
    const ports = await Promise.all(processes.map(async (each) => (await each.started()).port))
    const prometheus = await prometheusOver(ports.map((port) => ({ job: 'operator', address: `127.0.0.1:${port}` })))
    try {
      let empty: string[] = []
      await eventually(
        async () => {
          empty = await prometheus.emptyPanels(operatorDashboard)
          return empty.length === 0
        },
        { withinMs: 90_000 }
      ).catch(() => undefined)
      expect(empty).toEqual([])
    } finally {
      await prometheus.stop()
    }
  })

  test('the leader is killed with SIGKILL, and the other goes on', async () => {
    const first = await leader()
    first.child.kill('SIGKILL')
    await first.exited
    await applyTopic(`${prefix}after-the-kill`)
    await eventually(() => isReady(kafkaTopic, 'default', `${prefix}after-the-kill`))
    const second = await leader()
    expect(second).not.toBe(first)
  })

  test('asked to end, it gives the lease back and ends well, and its follower need not wait', async () => {
    const last = await leader()
    const follower = start('operator-2')
    await follower.started()
    last.child.kill('SIGTERM')
    expect(await last.exited).toBe(0)
    await applyTopic(`${prefix}after-the-end`)
    await eventually(() => isReady(kafkaTopic, 'default', `${prefix}after-the-end`))
    expect(await leader()).toBe(follower)
    follower.child.kill('SIGTERM')
    expect(await follower.exited).toBe(0)
    expect(await holder()).toBe('')
  })

  test('what its configuration lacks is said by name', async () => {
    const { exited, lines } = new OperatorProcess({ KUBECONFIG: kubeconfig })
    expect(await exited).toBe(78)
    expect(lines[0]?.message).toContain('KAFKA_BROKERS is missing')
  })
})
