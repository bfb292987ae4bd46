import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { KubeClient, type KubeObject, type ResourceKind } from '../src/kube/client.ts'
import { conditionOf } from '../src/kube/conditions.ts'
import { ControllerRuntime } from '../src/kube/runtime.ts'
import { KafkaAway, type KafkaAdminPort } from '../src/kafka/admin-port.ts'
import { createKafkaAdmin } from '../src/kafka/platformatic-admin.ts'
import { addHealthCheckController } from '../src/controllers/health-check/register.ts'
import { healthCheck, type HealthCheckResource, type HealthCheckSpec } from '../src/controllers/health-check/types.ts'
import { probeKinds } from '../src/controllers/health-check/spec.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { backends } from '../../test/support/backends.ts'
import { eventually } from '../../test/support/eventually.ts'
import { applyCrds, namespaces } from './apply-crds.ts'

const kindOf = (group: string, kind: string, plural: string): ResourceKind => ({
  group,
  version: 'v1',
  kind,
  plural,
  namespaced: true
})
const eventKind = kindOf('events.k8s.io', 'Event', 'events')
const deployments = kindOf('apps', 'Deployment', 'deployments')
const secrets = kindOf('', 'Secret', 'secrets')

describe('HealthCheck on a real API server and a real broker', () => {
  const prefix = `health-${randomBytes(4).toString('hex')}`
  const brokers = backends().kafka
  let api: ApiServer
  let client: KubeClient
  let kafka: KafkaAdminPort
  let runtime: ControllerRuntime
  const requests: string[] = []
  const children: ChildProcess[] = []

  beforeAll(async () => {
    api = await startApiServer({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/health-check'
    })
    client = new KubeClient(api.config)
    await applyCrds(client)
    kafka = createKafkaAdmin({ brokers: brokers.split(','), clientId: 'operator-test' })
    runtime = await startRuntime(kafka)
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    const { items } = await client.list(healthCheck, 'default')
    for (const { metadata } of items) await client.delete(healthCheck, 'default', metadata.name)
  })
  afterAll(async () => {
    await runtime.stop()
    await kafka.close()
    await api.stop()
  })

  async function startRuntime(admin: KafkaAdminPort, namespace = 'default'): Promise<ControllerRuntime> {
    const operatorClient = new KubeClient(api.config, (verb, kind) => requests.push(`${verb} ${kind}`))
    const started = new ControllerRuntime({ client: operatorClient, health: { host: '127.0.0.1', port: 0 } })
    addHealthCheckController({
      runtime: started,
      client: operatorClient,
      kafka: admin,
      instance: 'test',
      namespace,
      // Long, so that what the tests see is told because it is news.
      heartbeatMs: 3_600_000
    })
    await started.start()
    return started
  }

  const applyCheck = (name: string, spec: HealthCheckSpec, namespace = 'default') =>
    client.apply<HealthCheckResource>(
      healthCheck,
      { metadata: { namespace, name }, spec: { intervalSeconds: 1, failureThreshold: 1, ...spec } },
      'test'
    )
  const statusOf = async (name: string, namespace = 'default') =>
    (await client.get<HealthCheckResource>(healthCheck, namespace, name)).status
  const turns = (name: string, outcome: string, message = /./, namespace = 'default') =>
    eventually(
      async () => {
        const status = await statusOf(name, namespace)
        return status?.outcome === outcome && message.test(status.message ?? '') ? status : undefined
      },
      { what: `${name} to be ${outcome}` }
    )
  const events = async (name: string) =>
    (await client.list(eventKind, 'default')).items
      .filter((event) => (event['regarding'] as { name?: string }).name === name)
      .map((event) => event['reason'])

  /** An HTTP server whose answer the test decides; `undefined` is silence. */
  async function startTarget() {
    const target = {
      answer: { status: 200, body: 'well' } as { status: number; body: string } | undefined,
      asked: 0,
      headers: {} as IncomingHttpHeaders,
      url: '',
      server: undefined as unknown as Server,
      [Symbol.asyncDispose]: async () => {
        target.server.closeAllConnections()
        if (target.server.listening) await new Promise((resolve) => target.server.close(resolve))
      }
    }
    target.server = createServer((request, response) => {
      target.asked++
      target.headers = request.headers
      if (target.answer) response.writeHead(target.answer.status).end(target.answer.body)
    })
    await once(target.server.listen(0, '127.0.0.1'), 'listening')
    target.url = `http://127.0.0.1:${(target.server.address() as AddressInfo).port}/`
    return target
  }

  test('an HTTP target is followed up, down, slow and up again, each change told once', async () => {
    await using target = await startTarget()
    await applyCheck('web', { http: { url: target.url }, timeoutSeconds: 1 })
    expect((await turns('web', 'Passing')).target).toBe(`GET ${target.url}`)
    target.answer = { status: 503, body: '' }
    const failing = await turns('web', 'Failing', /answered 503, expected 2xx/)
    expect(conditionOf(failing.conditions, 'Ready')).toMatchObject({ status: 'False', reason: 'Failing' })
    target.answer = undefined
    await turns('web', 'Failing', /no answer within 1000 ms/)
    target.answer = { status: 200, body: '' }
    const passing = await turns('web', 'Passing')
    expect(conditionOf(passing.conditions, 'Ready')).toMatchObject({ status: 'True', reason: 'Passing' })
    expect(passing.history?.map(({ outcome }) => outcome)).toEqual(['Passing', 'Failing', 'Passing'])
    await eventually(async () => (await events('web')).filter((reason) => reason === 'Failing').length === 1)
  })

  test('a failure below the threshold is not told', async () => {
    await using target = await startTarget()
    await applyCheck('patient', { http: { url: target.url }, failureThreshold: 3 })
    await turns('patient', 'Passing')
    const { metadata } = await client.get(healthCheck, 'default', 'patient')
    target.answer = { status: 500, body: '' }
    const asked = target.asked
    await eventually(() => target.asked >= asked + 2)
    target.answer = { status: 200, body: '' }
    await eventually(() => target.asked >= asked + 4)
    expect((await client.get(healthCheck, 'default', 'patient')).metadata.resourceVersion).toBe(
      metadata.resourceVersion
    )
  })

  test('headers come from a Secret; without it nothing is concluded', async () => {
    await using target = await startTarget()
    await applyCheck('secret', { http: { url: target.url, headersFromSecret: 'headers', bodyContains: 'well' } })
    await turns('secret', 'Inconclusive', /Secret headers/)
    expect(target.asked).toBe(0)
    await client.create(secrets, {
      metadata: { namespace: 'default', name: 'more-headers' },
      data: { 'x-key': Buffer.from('value').toString('base64') }
    })
    await applyCheck('secret', { http: { url: target.url, headersFromSecret: 'more-headers', bodyContains: 'well' } })
    await turns('secret', 'Passing')
    expect(target.headers['x-key']).toBe('value')
  })

  test('a TCP port that closes is named', async () => {
    await using target = await startTarget()
    const { port } = target.server.address() as AddressInfo
    await applyCheck('port', { tcp: { host: '127.0.0.1', port } })
    await turns('port', 'Passing')
    await target[Symbol.asyncDispose]()
    expect((await turns('port', 'Failing')).message).toBe(`tcp 127.0.0.1:${port}: ECONNREFUSED`)
  })

  test('a Prometheus value out of bounds names its labels; Prometheus away is inconclusive', async () => {
    await using target = await startTarget()
    const answer = (value: string) => ({
      status: 200,
      body: JSON.stringify({
        data: { resultType: 'vector', result: [{ metric: { service: 'a' }, value: [0, value] }] }
      })
    })
    target.answer = answer('3')
    await applyCheck('query', { prometheus: { url: target.url, query: 'up', min: 1, max: 10 } })
    await turns('query', 'Passing')
    target.answer = answer('30')
    await turns('query', 'Failing', /of service=a is 30, outside 1 to 10/)
    target.answer = { status: 503, body: '' }
    expect((await turns('query', 'Inconclusive')).message).toMatch(/Prometheus answered 503/)
  })

  const aDeployment = (name: string) =>
    client.create(deployments, {
      metadata: { namespace: 'default', name },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: 'none' }] } }
      }
    })

  test('a rollout passes when its replicas are available', async () => {
    await applyCheck('rollout', { rollout: { kind: 'Deployment', name: 'rolled' } })
    await turns('rollout', 'Failing', /Deployment rolled does not exist/)
    await aDeployment('rolled')
    const available = (count: number) =>
      client.patch(
        deployments,
        'default',
        'rolled',
        { status: { observedGeneration: 1, replicas: 2, readyReplicas: count, availableReplicas: count } },
        'status'
      )
    await available(1)
    await turns('rollout', 'Failing', /1 of 2 replicas available/)
    await available(2)
    expect((await turns('rollout', 'Passing')).message).toBe('Deployment rolled has 2 of 2 replicas available')
  })

  const restartedAt = (deployment: KubeObject): string | undefined =>
    (deployment['spec'] as { template: { metadata: { annotations?: Record<string, string> } } }).template.metadata
      .annotations?.['kubectl.kubernetes.io/restartedAt']

  test('a failing check restarts its Deployment as often as the budget allows; in a dry run never', async () => {
    await using target = await startTarget()
    target.answer = { status: 500, body: '' }
    await aDeployment('restarted')
    await aDeployment('spared')
    const restart = (deployment: string) => ({ deployment, budgetPerHour: 2, waitSeconds: 1 })
    await applyCheck('spares', { http: { url: target.url }, restart: restart('spared'), dryRun: true })
    await applyCheck('restarts', { http: { url: target.url }, restart: restart('restarted') })
    await eventually(async () => (await events('restarts')).includes('RestartBudgetSpent'))
    const asked = target.asked
    await eventually(() => target.asked >= asked + 4)
    const deployment = await client.get(deployments, 'default', 'restarted')
    expect(deployment.metadata.generation).toBe(3)
    const { restarts } = (await statusOf('restarts')) ?? {}
    expect(restarts).toHaveLength(2)
    expect(restartedAt(deployment)).toBe(restarts?.[0])
    expect((await events('restarts')).filter((reason) => reason === 'RestartBudgetSpent')).toHaveLength(1)

    const dry = await turns('spares', 'Failing')
    expect(conditionOf(dry.conditions, 'Ready')).toMatchObject({ status: 'True', reason: 'DryRun' })
    expect(restartedAt(await client.get(deployments, 'default', 'spared'))).toBeUndefined()
  })

  test('a suspended check asks nothing, and goes on when it is resumed', async () => {
    await using target = await startTarget()
    await using other = await startTarget()
    await applyCheck('paused', { http: { url: target.url } })
    await turns('paused', 'Passing')
    await applyCheck('paused', { http: { url: target.url }, suspend: true })
    const status = await turns('paused', 'Inconclusive', /Suspended by spec.suspend/)
    expect(conditionOf(status.conditions, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Suspended' })
    const asked = target.asked
    // Another check with the same interval is the clock.
    await applyCheck('beside', { http: { url: other.url } })
    await eventually(() => other.asked >= 3)
    expect(target.asked).toBe(asked)
    await applyCheck('paused', { http: { url: target.url } })
    await turns('paused', 'Passing')
    expect(target.asked).toBeGreaterThan(asked)
  })

  test('while nothing changes nothing is written', async () => {
    await using target = await startTarget()
    await applyCheck('quiet', { http: { url: target.url } })
    await turns('quiet', 'Passing')
    await eventually(async () => (await events('quiet')).includes('Passing'))
    const asked = target.asked
    requests.length = 0
    await eventually(() => target.asked >= asked + 4)
    expect(requests).toEqual([])
  })

  test.each<[string, object, RegExp]>([
    [
      'two probes in one check',
      { http: { url: 'http://a' }, tcp: { host: 'a', port: 1 } },
      /exactly one of http, tcp, consumerGroup, prometheus, rollout, syntheticSale must be given/
    ],
    ['none', {}, /exactly one of/],
    ['a query without bounds', { prometheus: { url: 'http://a', query: 'up' } }, /needs min, max or both/],
    [
      'bounds the wrong way round',
      { prometheus: { url: 'http://a', query: 'up', min: 2, max: 1 } },
      /must not be above/
    ],
    ['a port that is none', { tcp: { host: 'a', port: 70_000 } }, /65535/],
    [
      'a synthetic sale of a product that is not marked',
      { syntheticSale: { gatewayUrl: 'http://a', credentialsSecret: 's', productId: 'chair' } },
      /productId/
    ]
  ])('the API server refuses %s', async (_what, spec, message) => {
    await expect(applyCheck('refused', spec as HealthCheckSpec)).rejects.toThrow(message)
  })

  test('the samples are what the API server takes', async () => {
    const directory = join(import.meta.dirname, '..', '..', 'k8s', 'samples')
    const files = readdirSync(directory).filter((file) => file.startsWith('health-check'))
    const samples = files.flatMap((file) =>
      parseAllDocuments(readFileSync(join(directory, file), 'utf8')).map((document) => document.toJS() as KubeObject)
    )
    const checks = samples.filter(({ kind }) => kind === 'HealthCheck')
    for (const { metadata, spec } of checks)
      await client.apply(healthCheck, { metadata: { ...metadata, namespace: 'default' }, spec }, 'test')
    const probed = checks.flatMap(({ spec }) => probeKinds.filter((kind) => kind in (spec as object)))
    expect(new Set(probed)).toEqual(new Set(probeKinds))
    await eventually(async () => {
      const { items } = await client.list<HealthCheckResource>(healthCheck, 'default')
      return items.length === checks.length && items.every(({ status }) => status?.target)
    })
  })

  describe('a consumer group', () => {
    const plain = new Kafka({ brokers: brokers.split(','), clientId: 'operator-test', logLevel: logLevel.NOTHING })

    async function aTopic(name: string, partitions: number): Promise<string> {
      const topic = `${prefix}-${name}`
      await kafka.createTopics([{ topic, partitions, replicas: 1, config: {} }])
      return topic
    }

    async function startConsumer(group: string, topic: string, clientId: string): Promise<ChildProcess> {
      const file = join(import.meta.dirname, 'health-check-consumer.ts')
      const child = spawn(process.execPath, [file, brokers, group, topic, clientId], {
        stdio: ['ignore', 'pipe', 'inherit']
      })
      children.push(child)
      await once(child.stdout as NodeJS.ReadableStream, 'data')
      return child
    }

    test('a killed consumer is named within 5 s after the broker drops it, also by the next leader, and is well when it is back', async () => {
      const topic = await aTopic('members', 2)
      const group = `${prefix}-members`
      await startConsumer(group, topic, 'first')
      const second = await startConsumer(group, topic, 'second')
      await client.apply(
        healthCheck,
        {
          metadata: { namespace: 'default', name: 'members' },
          spec: { consumerGroup: { group, topics: [topic], membersMin: 2 } }
        },
        'test'
      )
      const passing = await turns('members', 'Passing')
      expect(passing.members).toEqual([expect.stringMatching(/^first@/), expect.stringMatching(/^second@/)])

      second.kill('SIGKILL')
      await eventually(async () => (await kafka.describeGroups([group])).get(group)?.members.length === 1)
      const failing = await eventually(
        async () => {
          const status = await statusOf('members')
          return status?.outcome === 'Failing' ? status : undefined
        },
        { withinMs: 5_000, what: 'the dead consumer to be named' }
      )
      expect(failing.message).toMatch(/1 of 2 members, missing second@\S+ \(read \S+\/[01]\)/)

      await runtime.stop()
      let asked = 0
      const counting = {
        ...kafka,
        describeGroups: (groups: readonly string[]) => (asked++, kafka.describeGroups(groups))
      }
      runtime = await startRuntime(counting)
      await eventually(() => asked >= 2)
      const taken = await statusOf('members')
      expect(taken).toMatchObject({ outcome: 'Failing', since: failing.since, history: failing.history })
      expect(taken?.message).toMatch(/missing second@/)

      await startConsumer(group, topic, 'second')
      await turns('members', 'Passing')
    })

    test('a partition that stands still is named with its offsets, and forgotten once it moves', async () => {
      const topic = await aTopic('stuck', 2)
      const group = `${prefix}-stuck`
      const producer = plain.producer()
      const admin = plain.admin()
      await Promise.all([producer.connect(), admin.connect()])
      const messages = ['a', 'b', 'c'].map((value) => ({ value, partition: 1 }))
      await producer.send({ topic, messages })
      await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 1, offset: '1' }] })
      await applyCheck('stuck', { consumerGroup: { group, topics: [topic], membersMin: 0, stuckSeconds: 2 } })
      const failing = await turns('stuck', 'Failing', /stuck: \S+\/1 at 1 of 3 for \d+ s, read by nobody/)
      expect(failing.stuck).toMatchObject([{ partition: `${topic}/1`, position: 1 }])
      await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 1, offset: '3' }] })
      expect((await turns('stuck', 'Passing')).stuck).toBeUndefined()
      await Promise.all([producer.disconnect(), admin.disconnect()])
    })

    test('time in which Kafka could not be asked is not held against a partition', async () => {
      const topic = await aTopic('outage', 1)
      const group = `${prefix}-outage`
      const [producer, admin] = [plain.producer(), plain.admin()]
      await Promise.all([producer.connect(), admin.connect()])
      await producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] })
      await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '1' }] })
      await Promise.all([producer.disconnect(), admin.disconnect()])
      let away = false
      let asked = 0
      const faulty: KafkaAdminPort = {
        ...kafka,
        describeGroups: async (groups) => {
          asked++
          if (away) throw new KafkaAway('injected')
          return kafka.describeGroups(groups)
        }
      }
      const namespace = `outage-${randomBytes(3).toString('hex')}`
      await client.create(namespaces, { metadata: { name: namespace } })
      const lonely = await startRuntime(faulty, namespace)
      const consumerGroup = { group, topics: [topic], membersMin: 0, stuckSeconds: 4 }
      await applyCheck('outage', { consumerGroup }, namespace)
      await turns('outage', 'Passing', /./, namespace)
      away = true
      const before = asked
      await eventually(() => asked >= before + 6)
      away = false
      await turns('outage', 'Failing', /stuck/, namespace)
      const { history } = (await statusOf('outage', namespace)) ?? {}
      expect(history?.map(({ outcome }) => outcome)).toEqual(['Failing', 'Passing', 'Inconclusive', 'Passing'])
      await lonely.stop()
    })

    test('while Kafka is away nothing is concluded', async () => {
      const away = createKafkaAdmin({ brokers: ['127.0.0.1:1'], clientId: 'operator-test', timeoutMs: 500 })
      const namespace = `away-${randomBytes(3).toString('hex')}`
      await client.create(namespaces, { metadata: { name: namespace } })
      const lonely = await startRuntime(away, namespace)
      await applyCheck('away', { consumerGroup: { group: 'any', topics: ['any'] } }, namespace)
      const status = await turns('away', 'Inconclusive', /Kafka cannot be asked/, namespace)
      expect(conditionOf(status.conditions, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Inconclusive' })
      expect(status.consecutiveFailures).toBe(0)
      await lonely.stop()
      await away.close()
    })
  })
})
