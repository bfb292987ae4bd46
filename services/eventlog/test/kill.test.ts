import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { users } from '@gavel/contracts/topics.ts'
import { Secret } from '@gavel/platform/config.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import { AssignerProtocol, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshPostgres, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { startIssuer, type TestIssuer } from '../../../test/support/issuer.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { readHead } from '../src/store/read-events.ts'
import { verifyChain } from '../src/store/verify-chain.ts'
import { wholeLog } from './log-under-test.ts'
import { aUser } from './stories.ts'

/** Two real processes, one of which dies without a word while it works, and comes again. */

let postgres: Awaited<ReturnType<typeof freshPostgres>>
let topics: FreshTopics
let wire: Wire
let issuer: TestIssuer
const context = createContext({ name: 'reader', logLevel: 'silent' })
const running = new Set<ChildProcess>()
beforeAll(async () => {
  postgres = await freshPostgres('eventlog')
  topics = await freshTopics('eventlog', { partitions: 4 })
  wire = await theWire(topics)
  issuer = await startIssuer()
})
afterAll(async () => {
  await Promise.all([...running].map((child) => end(child, 'SIGTERM')))
  await context.closers.closeAll(10_000)
  await wire.release()
  await issuer.stop()
  await topics.release()
  await postgres.release()
})

function start(): ChildProcess {
  const child = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: '0',
      POSTGRES_URL: postgres.url,
      KAFKA_BROKERS: topics.brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.topicPrefix,
      ...issuer.environment
    }
  })
  running.add(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  running.delete(child)
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

/** Partitions of the topic that each process of the group has. */
async function shares(): Promise<number[]> {
  const admin = new Kafka({ brokers: topics.brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const { groups } = await admin.describeGroups([`${topics.topicPrefix}eventlog.users`])
    const members = groups[0]?.state === 'Stable' ? groups[0].members : []
    return members.map(
      ({ memberAssignment }) =>
        AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[`${topics.topicPrefix}users`]?.length ??
        0
    )
  } finally {
    await admin.disconnect()
  }
}

test('killed in the middle of its work: every event once, in the order of its key, without a hole', async () => {
  const pool = createPool({ url: new Secret(postgres.url) }, context)
  const [first] = [start(), start()]
  let published = 0
  const publish = async (): Promise<void> => {
    const events = Array.from({ length: 100 }, () => {
      const number = (published += 1)
      const { topic: _topic, ...event } = aUser(`user-${number}`)
      return { ...event, key: `key-${number % 20}` }
    })
    await wire.publish(users, events as OutgoingEvent[])
  }
  const recorded = async (): Promise<number> => (await readHead(pool)).position
  await eventually(async () => (await shares()).toString() === '2,2', { what: 'both to have their share' })
  let pouring = true
  const pour = (async () => {
    while (pouring) await publish()
  })()
  await eventually(async () => (await recorded()) > 300, { everyMs: 1 })
  await end(first!, 'SIGKILL')
  const before = await recorded()
  await eventually(async () => (await recorded()) > before + 300)
  pouring = false
  await pour
  start()
  for (let round = 0; round < 10; round += 1) await publish()

  await eventually(async () => (await recorded()) >= published, { withinMs: 90_000, what: 'all events' })
  const all = await wholeLog(pool)
  expect(all.map(({ position }) => position)).toEqual(Array.from({ length: published }, (_, index) => index + 1))
  for (const [, own] of Map.groupBy(all, ({ key }) => key)) {
    const numbers = own.map(({ subject }) => Number(subject!.slice('user-'.length)))
    expect(numbers).toEqual([...new Set(numbers)].toSorted((left, right) => left - right))
  }
  expect(await verifyChain(pool, { from: 1, to: published })).toMatchObject({ checked: published, broken: undefined })
})
