import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { KubeClient, type KubeObject, type ResourceKind } from '../src/kube/client.ts'
import { conditionOf } from '../src/kube/conditions.ts'
import { ControllerRuntime } from '../src/kube/runtime.ts'
import { createKafkaAdmin } from '../src/kafka/platformatic-admin.ts'
import type { KafkaAdminPort } from '../src/kafka/admin-port.ts'
import { addKafkaTopicController } from '../src/controllers/kafka-topic/register.ts'
import {
  approveAnnotation,
  kafkaTopic,
  topicFinalizer,
  topicNameOf,
  type KafkaTopicResource,
  type KafkaTopicSpec
} from '../src/controllers/kafka-topic/types.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { backends } from '../../test/support/backends.ts'
import { eventually } from '../../test/support/eventually.ts'
import { applyCrds, namespaces } from './apply-crds.ts'

const eventKind: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true
}

describe('KafkaTopic on a real API server and a real broker', () => {
  const prefix = `operator-${randomBytes(4).toString('hex')}-`
  let api: ApiServer
  let client: KubeClient
  let kafka: KafkaAdminPort
  let runtime: ControllerRuntime
  const requests: string[] = []

  beforeAll(async () => {
    api = await startApiServer({
      binaries: inject('kubernetesBinaries'),
      directory: inject('temporaryDirectory') + '/kafka-topic'
    })
    client = new KubeClient(api.config)
    await applyCrds(client)
    kafka = createKafkaAdmin({ brokers: backends().kafka.split(','), clientId: 'operator-test' })
    runtime = await startRuntime(kafka)
  })
  afterAll(async () => {
    await runtime.stop()
    await kafka.close()
    await api.stop()
  })

  async function startRuntime(admin: KafkaAdminPort): Promise<ControllerRuntime> {
    const operatorClient = new KubeClient(api.config, (verb, kind) => requests.push(`${verb} ${kind}`))
    const started = new ControllerRuntime({ client: operatorClient, health: { host: '127.0.0.1', port: 0 } })
    addKafkaTopicController({
      runtime: started,
      client: operatorClient,
      admin,
      instance: 'test',
      driftMs: 500,
      deletionLimitMs: 2_000
    })
    await started.start()
    return started
  }

  const names = new Map<string, number>()
  const unique = (name: string): string => {
    const count = (names.get(name) ?? 0) + 1
    names.set(name, count)
    return `${prefix}${name}${count === 1 ? '' : `-${count}`}`
  }
  const applyTopic = (
    name: string,
    spec: Partial<KafkaTopicSpec>,
    namespace = 'default',
    annotations: Record<string, string> = {}
  ) =>
    client.apply<KafkaTopicResource>(
      kafkaTopic,
      { metadata: { namespace, name, annotations }, spec: { partitions: 2, ...spec } },
      'test'
    )
  const read = (name: string, namespace = 'default') => client.get<KafkaTopicResource>(kafkaTopic, namespace, name)
  const readyReason = async (name: string, namespace = 'default') => {
    const { status, metadata } = await read(name, namespace)
    return status?.observedGeneration === metadata.generation
      ? conditionOf(status?.conditions, 'Ready')?.reason
      : undefined
  }
  const described = async (topic: string) => (await kafka.describeTopics([topic])).get(topic)
  const events = async (name: string) =>
    (await client.list(eventKind, 'default')).items
      .filter((event) => (event['regarding'] as { name?: string }).name === name)
      .map((event) => event['reason'])

  test('a topic is created as asked, and kubectl can see it', async () => {
    const name = unique('created')
    await applyTopic(name, { partitions: 3, config: { 'retention.ms': '3600000' } })
    await eventually(async () => (await readyReason(name)) === 'Reconciled')
    expect(await described(name)).toMatchObject({
      partitions: 3,
      config: { 'retention.ms': { value: '3600000', own: true } }
    })
    const { status, metadata } = await read(name)
    expect(status).toMatchObject({
      topicName: name,
      partitions: 3,
      managedConfig: ['retention.ms'],
      observedGeneration: 1
    })
    expect(metadata.finalizers).toEqual([topicFinalizer])
    await eventually(async () =>
      expect(await events(name)).toEqual(expect.arrayContaining(['CreateTopic', 'Reconciled']))
    )
  })

  test('a change made by hand is reverted, and an Event tells; a key not listed is left alone', async () => {
    const name = unique('drift')
    await applyTopic(name, { config: { 'retention.ms': '3600000' } })
    await eventually(async () => (await readyReason(name)) === 'Reconciled')
    await kafka.changeConfigs([{ topic: name, set: { 'retention.ms': '7200000', 'segment.ms': '120000' }, unset: [] }])
    await eventually(async () => (await described(name))?.config['retention.ms']?.value === '3600000')
    expect((await described(name))?.config['segment.ms']).toEqual({ value: '120000', own: true })
    await eventually(async () => (await events(name)).includes('SetConfig'))
  })

  test('an existing topic is adopted without a change', async () => {
    const name = unique('adopted')
    await kafka.createTopics([{ topic: name, partitions: 4, replicas: 1, config: { 'segment.ms': '90000' } }])
    const before = await described(name)
    await applyTopic(name, { partitions: 4 })
    await eventually(async () => (await readyReason(name)) === 'Reconciled')
    expect(await described(name)).toEqual(before)
  })

  test('a key taken out of the spec goes back to the default', async () => {
    const name = unique('unset')
    await applyTopic(name, { config: { 'segment.ms': '90000' } })
    await eventually(async () => (await described(name))?.config['segment.ms']?.own)
    await client.patch(kafkaTopic, 'default', name, { spec: { config: null } })
    await eventually(async () => (await described(name))?.config['segment.ms']?.own === false)
  })

  test('an empty topic grows at once', async () => {
    const name = unique('grown')
    await applyTopic(name, {})
    await eventually(async () => (await readyReason(name)) === 'Reconciled')
    await applyTopic(name, { partitions: 5 })
    await eventually(async () => (await described(name))?.partitions === 5)
    await eventually(async () => (await read(name)).status?.partitions === 5)
  })

  test.each([
    ['fewer partitions', { partitions: 1 }, /partitions cannot be decreased/],
    ['another name', { topicName: 'something-else' }, /topicName cannot be changed/],
    ['a partition count of zero', { partitions: 0 }, /should be greater than or equal to 1/]
  ])('the API server refuses %s', async (_what, change, message) => {
    const name = unique('refused')
    await applyTopic(name, {})
    await expect(applyTopic(name, change)).rejects.toThrow(message)
  })

  test('what Kafka refuses is told as it said it, and a corrected spec works', async () => {
    const name = unique('corrected')
    await applyTopic(name, { config: { 'retention.ms': 'a while' } })
    await eventually(async () => (await readyReason(name)) === 'KafkaRefused')
    expect(conditionOf((await read(name)).status?.conditions, 'Ready')?.message).toMatch(
      /INVALID_CONFIG.*retention\.ms/
    )
    await applyTopic(name, { config: { 'retention.ms': '3600000' } })
    await eventually(async () => (await readyReason(name)) === 'Reconciled')
    expect(conditionOf((await read(name)).status?.conditions, 'Stalled')).toBeUndefined()
  })

  test('of two resources for one topic the older one wins, and the other takes over when it is gone', async () => {
    const topic = unique('shared')
    await applyTopic(`${topic}-a`, { topicName: topic, config: { 'segment.ms': '90000' } })
    await eventually(async () => (await readyReason(`${topic}-a`)) === 'Reconciled')
    await applyTopic(`${topic}-b`, { topicName: topic, config: { 'segment.ms': '60000' } })
    await eventually(async () => (await readyReason(`${topic}-b`)) === 'ResourceConflict')
    expect(conditionOf((await read(`${topic}-b`)).status?.conditions, 'Ready')?.message).toContain(`default/${topic}-a`)
    expect((await described(topic))?.config['segment.ms']?.value).toBe('90000')
    await client.delete(kafkaTopic, 'default', `${topic}-a`)
    await eventually(async () => (await described(topic))?.config['segment.ms']?.value === '60000')
  })

  test('Retain leaves the topic, Delete of an empty topic takes it', async () => {
    const [kept, taken] = [unique('kept'), unique('taken')]
    await applyTopic(kept, {})
    await applyTopic(taken, { deletionPolicy: 'Delete' })
    await eventually(
      async () => (await readyReason(kept)) === 'Reconciled' && (await readyReason(taken)) === 'Reconciled'
    )
    await client.delete(kafkaTopic, 'default', kept)
    await client.delete(kafkaTopic, 'default', taken)
    await eventually(async () => (await client.find(kafkaTopic, 'default', kept)) === undefined)
    await eventually(async () => (await client.find(kafkaTopic, 'default', taken)) === undefined)
    expect(await described(kept)).toBeDefined()
    await eventually(async () => (await described(taken)) === undefined)
  })

  test('a converged resource costs no write to the API server', async () => {
    const name = unique('quiet')
    await applyTopic(name, {})
    await eventually(async () => (await readyReason(name)) === 'Reconciled')
    const { metadata } = await read(name)
    const checked = runtime.registry.getSingleMetric('controller_runtime_reconcile_total')
    const reconciles = async () => (await checked?.get())?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
    const from = await reconciles()
    requests.length = 0
    await eventually(async () => (await reconciles()) > from + 20)
    const { metadata: later } = await read(name)
    expect(later.resourceVersion).toBe(metadata.resourceVersion)
    expect(requests.filter((request) => /^(apply|patch|create|update|delete)/.test(request))).toEqual([])
  })

  test('while Kafka is away nothing is concluded, and deleting the namespace still ends', async () => {
    const away = createKafkaAdmin({ brokers: ['127.0.0.1:1'], clientId: 'operator-test', timeoutMs: 500 })
    await runtime.stop()
    const lonely = await startRuntime(away)
    const namespace = `away-${randomBytes(3).toString('hex')}`
    await client.create(namespaces, { metadata: { name: namespace } })
    const name = unique('away')
    await kafka.createTopics([{ topic: name, partitions: 1, replicas: 1, config: {} }])
    await applyTopic(name, { deletionPolicy: 'Delete' }, namespace)
    await eventually(async () => (await readyReason(name, namespace)) === 'KafkaAway')
    await client.delete(kafkaTopic, namespace, name)
    // The finalizer holds the resource for the limit and then lets it go; there is no namespace controller here to do more.
    await eventually(async () => (await client.find(kafkaTopic, namespace, name)) === undefined)
    const left = (await client.list<KubeObject>(eventKind, namespace)).items.map((event) => event['reason'])
    expect(left).toContain('TopicLeftBehind')
    expect(await described(name)).toBeDefined()
    await lonely.stop()
    await away.close()
    runtime = await startRuntime(kafka)
  })

  test('a dangerous change waits for its hash', async () => {
    const name = unique('danger')
    await applyTopic(name, { partitions: 1, config: { 'retention.ms': '3600000' } })
    await eventually(async () => (await readyReason(name)) === 'Reconciled')
    await produceOne(name)
    await applyTopic(name, { partitions: 3, config: { 'retention.ms': '3600000' } })
    await eventually(async () => (await readyReason(name)) === 'ApprovalNeeded')
    expect((await described(name))?.partitions).toBe(1)
    const hash = (await read(name)).status?.plan?.hash ?? ''
    await applyTopic(name, { partitions: 3, config: { 'retention.ms': '3600000' } }, 'default', {
      [approveAnnotation]: hash
    })
    await eventually(async () => (await described(name))?.partitions === 3)
    await eventually(async () => (await readyReason(name)) === 'Reconciled')
    expect((await read(name)).status?.plan).toBeUndefined()
  })

  test('the samples do what they say', async () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'k8s', 'samples', 'kafka-topic.yaml'), 'utf8')
    for (const document of parseAllDocuments(text)) {
      const sample = document.toJS() as KafkaTopicResource
      const topicName = `${prefix}${topicNameOf(sample)}`
      await applyTopic(sample.metadata.name, { ...sample.spec, topicName })
      await eventually(async () => (await readyReason(sample.metadata.name)) === 'Reconciled')
      expect(await described(topicName)).toMatchObject({ partitions: sample.spec.partitions })
      expect(conditionOf((await read(sample.metadata.name)).status?.conditions, 'Ready')?.status).toBe('True')
    }
  })

  async function produceOne(topic: string): Promise<void> {
    const { Producer, stringSerializers } = await import('@platformatic/kafka')
    const producer = new Producer({
      clientId: 'operator-test',
      bootstrapBrokers: backends().kafka.split(','),
      serializers: stringSerializers
    })
    await producer.send({ messages: [{ topic, key: 'key', value: 'value' }] })
    await producer.close()
  }
})
