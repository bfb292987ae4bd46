import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, describe, expect, test } from 'vitest'
import { conditionOf } from '../src/kube/conditions.ts'
import { KafkaAway, type KafkaAdminPort } from '../src/kafka/admin-port.ts'
import { createKafkaAdmin } from '../src/kafka/platformatic-admin.ts'
import { healthCheck } from '../src/controllers/health-check/types.ts'
import { eventually } from '../../test/support/eventually.ts'
import { namespaces } from './apply-crds.ts'
import { HealthCheckWorld } from './health-check-world.ts'

describe('HealthCheck of a consumer group on a real API server and a real broker', () => {
  const world = new HealthCheckWorld('health-check-group')
  const prefix = `health-${randomBytes(4).toString('hex')}`
  const children: ChildProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  const plain = new Kafka({ brokers: world.brokers.split(','), clientId: 'operator-test', logLevel: logLevel.NOTHING })

  async function aTopic(name: string, partitions: number): Promise<string> {
    const topic = `${prefix}-${name}`
    await world.kafka.createTopics([{ topic, partitions, replicas: 1, config: {} }])
    return topic
  }

  async function startConsumer(group: string, topic: string, clientId: string): Promise<ChildProcess> {
    const file = join(import.meta.dirname, 'health-check-consumer.ts')
    const child = spawn(process.execPath, [file, world.brokers, group, topic, clientId], {
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
    await world.client.apply(
      healthCheck,
      {
        metadata: { namespace: 'default', name: 'members' },
        spec: { consumerGroup: { group, topics: [topic], membersMin: 2 } }
      },
      'test'
    )
    const passing = await world.turns('members', 'Passing')
    expect(passing.members).toEqual([expect.stringMatching(/^first@/), expect.stringMatching(/^second@/)])

    second.kill('SIGKILL')
    await eventually(async () => (await world.kafka.describeGroups([group])).get(group)?.members.length === 1)
    const failing = await eventually(
      async () => {
        const status = await world.statusOf('members')
        return status?.outcome === 'Failing' ? status : undefined
      },
      { withinMs: 5_000, what: 'the dead consumer to be named' }
    )
    expect(failing.message).toMatch(/1 of 2 members, missing second@\S+ \(read \S+\/[01]\)/)

    await world.runtime.stop()
    let asked = 0
    const counting = {
      ...world.kafka,
      describeGroups: (groups: readonly string[]) => (asked++, world.kafka.describeGroups(groups))
    }
    world.runtime = await world.startRuntime(counting)
    await eventually(() => asked >= 2)
    const taken = await world.statusOf('members')
    expect(taken).toMatchObject({ outcome: 'Failing', since: failing.since, history: failing.history })
    expect(taken?.message).toMatch(/missing second@/)

    await startConsumer(group, topic, 'second')
    await world.turns('members', 'Passing')
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
    await world.apply('stuck', { consumerGroup: { group, topics: [topic], membersMin: 0, stuckSeconds: 2 } })
    const failing = await world.turns('stuck', 'Failing', /stuck: \S+\/1 at 1 of 3 for \d+ s, read by nobody/)
    expect(failing.stuck).toMatchObject([{ partition: `${topic}/1`, position: 1 }])
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 1, offset: '3' }] })
    expect((await world.turns('stuck', 'Passing')).stuck).toBeUndefined()
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
      ...world.kafka,
      describeGroups: async (groups) => {
        asked++
        if (away) throw new KafkaAway('injected')
        return world.kafka.describeGroups(groups)
      }
    }
    const namespace = `outage-${randomBytes(3).toString('hex')}`
    await world.client.create(namespaces, { metadata: { name: namespace } })
    const lonely = await world.startRuntime(faulty, namespace)
    const consumerGroup = { group, topics: [topic], membersMin: 0, stuckSeconds: 4 }
    await world.apply('outage', { consumerGroup }, namespace)
    await world.turns('outage', 'Passing', /./, namespace)
    away = true
    const before = asked
    await eventually(() => asked >= before + 6)
    away = false
    await world.turns('outage', 'Failing', /stuck/, namespace)
    const { history } = (await world.statusOf('outage', namespace)) ?? {}
    expect(history?.map(({ outcome }) => outcome)).toEqual(['Failing', 'Passing', 'Inconclusive', 'Passing'])
    await lonely.stop()
  })

  test('while Kafka is away nothing is concluded', async () => {
    const away = createKafkaAdmin({ brokers: ['127.0.0.1:1'], clientId: 'operator-test', timeoutMs: 500 })
    const namespace = `away-${randomBytes(3).toString('hex')}`
    await world.client.create(namespaces, { metadata: { name: namespace } })
    const lonely = await world.startRuntime(away, namespace)
    await world.apply('away', { consumerGroup: { group: 'any', topics: ['any'] } }, namespace)
    const status = await world.turns('away', 'Inconclusive', /Kafka cannot be asked/, namespace)
    expect(conditionOf(status.conditions, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Inconclusive' })
    expect(status.consecutiveFailures).toBe(0)
    await lonely.stop()
    await away.close()
  })
})
