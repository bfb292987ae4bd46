import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { payments, reservations } from '@gavel/contracts/topics.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createGroupAdmin } from '@gavel/platform/kafka/group-admin.ts'
import { createContext } from '@gavel/platform/service.ts'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshRedis, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { runHealth, type Running } from './running-health.ts'

const killed = { group: 'order.payments', topic: payments.name }
const stuck = { group: 'order.reservations', topic: reservations.name }
const context = createContext({ name: 'test', logLevel: 'silent' })
let topics: FreshTopics
let redis: ReturnType<typeof freshRedis>
let health: Running
let member: ChildProcess

function startMember(): ChildProcess {
  const entry = fileURLToPath(new URL('member-process.ts', import.meta.url))
  const { topicPrefix, brokers } = topics
  const args = [topicPrefix + killed.group, topicPrefix + killed.topic, brokers.join(',')]
  return spawn(process.execPath, [entry, ...args], { stdio: 'ignore' })
}

beforeAll(async () => {
  topics = await freshTopics('health')
  redis = freshRedis('health')
  health = await runHealth({
    groups: [killed, stuck],
    env: {
      REDIS_URL: redis.url,
      REDIS_KEY_PREFIX: redis.keyPrefix,
      KAFKA_BROKERS: topics.brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.topicPrefix,
      HEALTH_STUCK_MS: '1000'
    }
  })
})

afterAll(async () => {
  member.kill('SIGKILL')
  await health.stop()
  await context.closers.closeAll(5_000)
  await topics.release()
  await redis.release()
})

test('a consumer that was killed is named within 5 s of the broker dropping it, and is back after a restart', async () => {
  member = startMember()
  await eventually(async () => (await health.entry(killed.group)).status === 'up')
  expect((await health.entry(killed.group)).members).toEqual([
    { name: expect.stringMatching(/^order@/), partitions: ['payments/0', 'payments/1'] }
  ])
  const broker = createGroupAdmin(createKafka(topics, context))
  member.kill('SIGKILL')
  await once(member, 'exit')
  await eventually(async () => (await broker.read([killed]))[0]?.members.length === 0)
  const down = await eventually(
    async () => {
      const entry = await health.entry(killed.group)
      return entry.status === 'down' && entry
    },
    { withinMs: 5_000 }
  )
  expect(down.message).toMatch(/0 of 1 members, missing order@.* \(read payments\/0, payments\/1\)/)
  member = startMember()
  await eventually(async () => (await health.history(killed.group))[0]?.status === 'up')
})

test('a partition that stands still is named with where it stands and who reads it', async () => {
  const client = new Kafka({ brokers: topics.brokers, logLevel: logLevel.NOTHING, clientId: 'order' })
  const consumer = client.consumer({ groupId: topics.topicPrefix + stuck.group })
  const producer = client.producer()
  const topic = topics.topicPrefix + stuck.topic
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined })
    await eventually(async () => (await health.entry(stuck.group)).status === 'up')
    await producer.connect()
    await producer.send({ topic, messages: [{ partition: 1, value: 'x' }] })
    const down = await eventually(async () => {
      const entry = await health.entry(stuck.group)
      return entry.status === 'down' && entry
    })
    expect(down.message).toMatch(/stuck: reservations\/1 at 0 of 1 for \d+ s, read by order@/)
    expect(down.lag).toBe(1)
    await consumer.commitOffsets([{ topic, partition: 1, offset: '1' }])
    await eventually(async () => (await health.entry(stuck.group)).status === 'up')
  } finally {
    await consumer.disconnect()
    await producer.disconnect()
  }
})
