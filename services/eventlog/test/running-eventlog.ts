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
import { createEventlogMetrics, readers } from '../src/metrics.ts'
import { startFolding } from '../src/folding.ts'
import type { Keeping } from '../src/store/trim-statistics.ts'
import { Streams, type StreamTerms } from '../src/streams.ts'
import { startUpkeep } from '../src/upkeep.ts'
import { watchAll } from '../src/watches.ts'

/** Tests tell of years ago. */
const FOR_GOOD_MS = 100 * 365 * 24 * 60 * 60_000

/** The service as main.ts puts it together, without a process. Without topics it only answers requests. */
export async function runEventlog({
  postgresUrl,
  topics,
  terms,
  pollMs = 200,
  stuckMs = 60_000,
  keeping = { secondsMs: FOR_GOOD_MS, minutesMs: FOR_GOOD_MS }
}: {
  postgresUrl: string
  topics?: FreshTopics
  terms?: Partial<StreamTerms>
  pollMs?: number
  stuckMs?: number
  keeping?: Keeping
}) {
  const context = createContext({ name: 'eventlog', logLevel: 'silent' })
  const pool = createPool({ url: new Secret(postgresUrl) }, context)
  const metrics = createEventlogMetrics(context.metrics, readers(pool, { stuckMs, clock: context.clock }))
  const watches = watchAll(context, pool, { pollMs })
  startUpkeep(context, pool, { monthsAhead: 2, everyMs: 60_000, keeping })
  startFolding(context, { pool, watch: watches.log, metrics })
  const streams = new Streams({
    metrics,
    terms: { streamsMax: 10, heartbeatMs: 5_000, stallMs: 30_000, ...terms }
  })
  const kafka = createKafka(topics ?? { brokers: backends().kafka.split(',') }, context)
  const producer = await createProducer(kafka)
  const tokens = await testTokens()
  const http = { trustedProxies: [], bodyLimitBytes: 64 * 1024, requestTimeoutMs: 5_000, origins: [] }
  const app = buildApp({ context, http, auth: tokens.authenticator, pool, producer, streams, watches, stuckMs })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const consumers = topics
    ? [...(await recordTopics(context, { kafka, pool, metrics })), recordDeadLetters(context, { kafka, pool })]
    : []
  return {
    context,
    pool,
    app,
    streams,
    watches,
    consumers,
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    signIn: tokens.signIn,
    stop: () => context.closers.closeAll(20_000)
  }
}
