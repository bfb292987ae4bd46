import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { logLines } from '@gavel/contracts/topics.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { startRawConsumer } from '@gavel/platform/kafka/raw-consumer.ts'
import { createContext } from '@gavel/platform/service.ts'
import { freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { runLogs, TraceReader, type RunningLogs } from './running-logs.ts'

let topics: FreshTopics
let logs: RunningLogs
const watching = createContext({ name: 'watching', logLevel: 'silent' })
const onTopic: string[] = []

beforeAll(async () => {
  topics = await freshTopics('logs')
  logs = await runLogs({ topics })
  startRawConsumer(watching, createKafka(topics, watching), {
    topics: [logLines],
    group: 'watching',
    handleBatch: async (records) => void onTopic.push(...records.map(({ value }) => String(value)))
  })
})
afterAll(async () => {
  await watching.closers.closeAll(10_000)
  await logs?.stop()
  await topics?.release()
})

test('what a process logs is found to its last line, and a secret in it is in neither standard output, Kafka nor the store', async () => {
  const secret = `s3cret${randomBytes(9).toString('hex')}`
  const reader = await TraceReader.open(logs.url, logs.token)
  reader.follow({ services: ['careless'] })
  await reader.live()
  const child = spawn(process.execPath, [new URL('./careless-process.ts', import.meta.url).pathname], {
    env: {
      PATH: process.env['PATH'] ?? '',
      LOG_KAFKA_BROKERS: topics.brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.topicPrefix,
      TEST_SECRET: secret
    }
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  await eventually(() => output.includes('All said'))
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number]
  expect(code).toBe(0)

  const written = output.trimEnd().split('\n')
  const stored = await eventually(
    async () => {
      const { items } = await logs.search({ service: 'careless', limit: 200 })
      return items.length >= written.length && items
    },
    { what: `${written.length} lines in the store` }
  )
  expect(stored.map(({ message }) => message).toReversed()).toEqual(
    written.map((line) => (JSON.parse(line) as { message: string }).message)
  )
  expect(stored[0]).toMatchObject({ message: 'Ended', service: 'careless', level: 'info' })
  await eventually(() => onTopic.length === written.length)
  await reader.until((each) => each.messages().length === written.length)

  const inStore = JSON.stringify(await logs.lines.find().toArray())
  for (const [place, text] of Object.entries({
    output,
    topic: onTopic.join('\n'),
    store: inStore,
    trace: JSON.stringify(reader.frames)
  })) {
    expect(text, place).toContain('[secret]')
    expect(text, place).not.toContain(secret)
  }
  await reader.close()
})
