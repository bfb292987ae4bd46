import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import type { Notification } from '@gavel/contracts/api/notification.ts'
import type { EventDefinition, TopicDefinition } from '@gavel/contracts/define.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { encodeEvent } from '@gavel/platform/kafka/events.ts'
import { createProducer, type OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { replayMarks } from '@gavel/platform/kafka/replay.ts'
import { createContext } from '@gavel/platform/service.ts'
import { freshMongodb, freshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { startIssuer } from '../../../test/support/issuer.ts'
import { collectionsOf } from '../src/store/documents.ts'

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export interface RunningProcess {
  url: string
  output: string[]
  end(signal: NodeJS.Signals): Promise<number | null>
}

async function run(file: string, url: string, env: Record<string, string>): Promise<RunningProcess> {
  const output: string[] = []
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, file)], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`${file} ended: ${output.join('')}`)
      return await fetch(`${url}/readyz`).then((response) => response.ok)
    },
    { what: `${file} to be ready` }
  )
  return {
    url,
    output,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill(signal)
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    }
  }
}

export interface InboxMail {
  messageId: string
  copies: number
  from: string
  subject: string
  text: string
  html: string
}

export type Harness = Awaited<ReturnType<typeof startHarness>>

/** notification as its own processes, on real backends and the real inbox; the test plays every other service. */
export async function startHarness(environment: Record<string, string> = {}) {
  const mongodb = freshMongodb('notification')
  const [topics, issuer, smtpPort, inboxPort, mailDirectory] = await Promise.all([
    freshTopics('notification'),
    startIssuer(),
    freePort(),
    freePort(),
    mkdtemp(join(tmpdir(), 'gavel-inbox-'))
  ])
  const context = createContext({ name: 'notification-test', logLevel: 'silent' })
  const producer = await createProducer(createKafka(topics, context))
  const client = await MongoClient.connect(mongodb.url)
  const collections = collectionsOf(client.db(mongodb.database))
  const running = new Set<RunningProcess>()

  const startInbox = async (): Promise<RunningProcess> => {
    const inbox = await run('../../standalone/src/inbox/main.ts', `http://127.0.0.1:${inboxPort}`, {
      SMTP_PORT: String(smtpPort),
      PORT: String(inboxPort),
      DATA_DIRECTORY: mailDirectory
    })
    running.add(inbox)
    return inbox
  }
  const start = async (extra: Record<string, string> = {}): Promise<RunningProcess> => {
    const port = await freePort()
    const started = await run('../src/main.ts', `http://127.0.0.1:${port}`, {
      HOST: '127.0.0.1',
      PORT: String(port),
      MONGODB_URL: mongodb.url,
      MONGODB_DATABASE: mongodb.database,
      KAFKA_BROKERS: topics.brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.topicPrefix,
      SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
      MAIL_FROM: 'Gavel <auctions@gavel.example>',
      MAIL_POLL_MS: '200',
      LIVE_RECONCILE_MS: '300',
      ...issuer.environment,
      ...environment,
      ...extra
    })
    running.add(started)
    return started
  }

  return {
    collections,
    issuer,
    smtpPort,
    inboxUrl: `http://127.0.0.1:${inboxPort}`,
    start,
    startInbox,
    async publish(
      topic: TopicDefinition,
      ...events: { definition: EventDefinition; key: string; data: unknown; id?: string }[]
    ): Promise<void> {
      await producer.publish(
        topic,
        events.map(
          ({ id, ...event }) =>
            ({ ...event, id: id ?? randomUUID(), source: 'test', time: Date.now() }) as OutgoingEvent
        )
      )
    },
    /** The same events again, as the log sends them to a group of ours. */
    async replay(
      topic: TopicDefinition,
      ...events: { definition: EventDefinition; key: string; data: unknown; id: string }[]
    ): Promise<void> {
      await producer.send(
        events.map((event) => {
          const encoded = encodeEvent({ ...event, source: 'test', time: Date.now() } as OutgoingEvent)
          const marks = replayMarks(`notification.${topic.name}`, randomUUID())
          return { ...encoded, topic: producer.topicName(topic), headers: { ...encoded.headers, ...marks } }
        })
      )
    },
    async call(
      process: RunningProcess,
      userId: string,
      path: string,
      method = 'GET',
      body?: object
    ): Promise<Response> {
      return await fetch(`${process.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await issuer.token({ userId })}`,
          ...(body && { 'content-type': 'application/json' })
        },
        ...(body && { body: JSON.stringify(body) })
      })
    },
    /** A user's notifications, newest first, once there are so many. */
    async notificationsOf(process: RunningProcess, userId: string, count: number): Promise<Notification[]> {
      return await eventually(
        async () => {
          const response = await this.call(process, userId, '/api/notifications?limit=200')
          const { items } = (await response.json()) as { items: Notification[] }
          return items.length >= count && items
        },
        { what: `${count} notifications of ${userId}` }
      )
    },
    async mailsTo(address: string): Promise<InboxMail[]> {
      const response = await fetch(`http://127.0.0.1:${inboxPort}/inbox/api/mails?to=${encodeURIComponent(address)}`)
      return ((await response.json()) as { items: InboxMail[] }).items
    },
    async stop() {
      await Promise.all([...running].map((one) => one.end('SIGTERM')))
      await context.closers.closeAll(10_000)
      await client.close()
      await issuer.stop()
      await Promise.all([mongodb.release(), topics.release()])
    }
  }
}
