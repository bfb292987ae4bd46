import type { AddressInfo } from 'node:net'
import { Secret } from '@gavel/platform/config.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import { backends } from '../../../test/support/backends.ts'
import type { FreshTopics } from '../../../test/support/database.ts'
import { testTokens } from '../../../test/support/tokens.ts'
import { buildApp } from '../src/app.ts'
import { recordDeadLetters } from '../src/consumers/record-dead-letters.ts'
import { recordTopics } from '../src/consumers/record-events.ts'
import { createEventlogMetrics } from '../src/metrics.ts'
import { HeadWatch } from '../src/store/head-watch.ts'
import { countOpen } from '../src/store/read-dead-letters.ts'
import { readHead } from '../src/store/read-events.ts'
import { Streams, type StreamTerms } from '../src/streams.ts'
import { startUpkeep } from '../src/upkeep.ts'

/** The service as main.ts puts it together, without a process. Without topics it only answers requests. */
export async function runEventlog({
  postgresUrl,
  topics,
  terms,
  pollMs = 200
}: {
  postgresUrl: string
  topics?: FreshTopics
  terms?: Partial<StreamTerms>
  pollMs?: number
}) {
  const context = createContext({ name: 'eventlog', logLevel: 'silent' })
  const pool = createPool({ url: new Secret(postgresUrl) }, context)
  const metrics = createEventlogMetrics(context.metrics, {
    readPosition: async () => (await readHead(pool)).position,
    countOpenDeadLetters: async () => await countOpen(pool)
  })
  const watch = new HeadWatch(context, pool, { pollMs })
  watch.start()
  startUpkeep(context, pool, { monthsAhead: 2, everyMs: 60_000 })
  const streams = new Streams({
    pool,
    watch,
    metrics,
    terms: { streamsMax: 10, heartbeatMs: 5_000, stallMs: 30_000, ...terms }
  })
  const kafka = createKafka(topics ?? { brokers: backends().kafka.split(',') }, context)
  const producer = await createProducer(kafka)
  const tokens = await testTokens()
  const http = { trustedProxies: [], bodyLimitBytes: 64 * 1024, requestTimeoutMs: 5_000, origins: [] }
  const app = buildApp({ context, http, auth: tokens.authenticator, pool, producer, streams })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const consumers = topics
    ? [...(await recordTopics(context, { kafka, pool, metrics })), recordDeadLetters(context, { kafka, pool })]
    : []
  return {
    context,
    pool,
    app,
    streams,
    consumers,
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    signIn: tokens.signIn,
    stop: () => context.closers.closeAll(20_000)
  }
}
