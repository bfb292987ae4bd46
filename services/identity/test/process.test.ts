import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contacts } from '@gavel/contracts/topics.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startConsumer, type IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { freshPostgres, freshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { adminPassword, goodPassword } from './identity.ts'

let database: Awaited<ReturnType<typeof freshPostgres>>
let topics: Awaited<ReturnType<typeof freshTopics>>
let context: ServiceContext
beforeAll(async () => {
  database = await freshPostgres()
  topics = await freshTopics('identity')
  context = createContext({ name: 'listener', log: createLog({ service: 'listener', level: 'silent' }) })
})
afterAll(async () => {
  await context.closers.closeAll(10_000)
  await topics.release()
  await database.release()
})

const main = new URL('../src/main.ts', import.meta.url).pathname

function startProcess(environment: Record<string, string>) {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return { child, output: () => output, ended: once(child, 'exit') as Promise<[number | null, string | null]> }
}

test('the process migrates an empty database, makes its admin, announces accounts on Kafka and ends in good order', async () => {
  const received: IncomingEvent[] = []
  const kafka = createKafka(topics, context)
  await startConsumer(context, kafka, { topic: contacts, handleBatch: async (events) => void received.push(...events) })
  const encryptionKey = randomBytes(32).toString('base64')
  const { child, output, ended } = startProcess({
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'debug',
    POSTGRES_URL: database.url,
    KAFKA_BROKERS: topics.brokers.join(','),
    KAFKA_TOPIC_PREFIX: topics.topicPrefix,
    KEY_ENCRYPTION_KEY: encryptionKey,
    ADMIN_EMAIL: 'admin@example.org',
    ADMIN_PASSWORD: adminPassword
  })
  try {
    const address = await eventually(() => /"address":"(http:[^"]+)"/.exec(output())?.[1], {
      what: `the address in ${output()}`
    })
    await eventually(async () => (await fetch(`${address}/readyz`)).ok, { what: 'readiness' })
    const answer = await fetch(`${address}/api/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.org', password: goodPassword, displayName: 'Ada' })
    })
    expect(answer.status).toBe(201)
    await eventually(() => received.length === 2, { what: 'the events of the admin and the bidder' })
    expect(
      received
        .map(({ name, data }) => [name, (data as { email: string }).email])
        .toSorted((a, b) => String(a).localeCompare(String(b)))
    ).toEqual([
      ['ContactChanged', 'ada@example.org'],
      ['ContactChanged', 'admin@example.org']
    ])
    expect(received.every(({ key, data }) => key === (data as { userId: string }).userId)).toBe(true)
    expect(await (await fetch(`${address}/metrics`)).text()).toMatch(/identity_registrations_total\{[^}]*\} 1/)
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    for (const secret of [adminPassword, goodPassword, encryptionKey]) expect(output().includes(secret)).toBe(false)
  } finally {
    child.kill('SIGKILL')
  }
})

test('the process names everything that its configuration lacks, and shows no secret', async () => {
  const { output, ended } = startProcess({ POSTGRES_URL: 'nonsense-with-a-secret', KEY_ENCRYPTION_KEY: 'dG9vIHNob3J0' })
  expect(await ended).toEqual([78, null])
  for (const name of ['KAFKA_BROKERS', 'POSTGRES_URL', 'KEY_ENCRYPTION_KEY']) expect(output()).toContain(name)
  expect(output()).not.toContain('nonsense-with-a-secret')
  expect(output()).not.toContain('dG9vIHNob3J0')
})
