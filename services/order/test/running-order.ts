import { Secret } from '@gavel/platform/config.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createContext } from '@gavel/platform/service.ts'
import type { FreshTopics } from '../../../test/support/database.ts'
import { testTokens } from '../../../test/support/tokens.ts'
import { buildApp } from '../src/app.ts'
import type { Timeouts } from '../src/domain/progress.ts'
import { createOrderMetrics } from '../src/metrics.ts'
import { startSaga } from '../src/saga.ts'
import { findOldestOpen } from '../src/store/read-sales.ts'

interface Backends {
  postgresUrl: string
  topics?: FreshTopics
  timeouts?: Timeouts
  outageMs?: number
}

/** The service as main.ts puts it together, without a process and a port. Without topics it only answers requests. */
export async function runOrder({
  postgresUrl,
  topics,
  timeouts = { stockMs: 60_000, paymentMs: 60_000 },
  outageMs = 60_000
}: Backends) {
  const context = createContext({ name: 'order', logLevel: 'silent' })
  const pool = createPool({ url: new Secret(postgresUrl) }, context)
  const metrics = createOrderMetrics(context.metrics, {
    clock: context.clock,
    findOldestOpen: () => findOldestOpen(pool)
  })
  const tokens = await testTokens()
  const http = { trustedProxies: [], bodyLimitBytes: 64 * 1024, requestTimeoutMs: 5_000, origins: [] }
  const app = buildApp({ context, http, auth: tokens.authenticator, pool })
  await app.ready()
  if (topics) {
    const kafka = createKafka({ brokers: topics.brokers, topicPrefix: topics.topicPrefix }, context)
    await startOutboxRelay(context, pool, await createProducer(kafka))
    await startSaga(context, { kafka, pool, metrics, terms: { timeouts, outageMs }, sweepIntervalMs: 20 })
  }
  return { context, pool, app, signIn: tokens.signIn, stop: () => context.closers.closeAll(20_000) }
}
