import { Secret } from '@gavel/platform/config.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createRedis } from '@gavel/platform/redis/client.ts'
import { createContext } from '@gavel/platform/service.ts'
import type { FreshTopics } from '../../../test/support/database.ts'
import { testTokens } from '../../../test/support/tokens.ts'
import type { InventoryConfig } from '../src/config.ts'
import { buildApp } from '../src/app.ts'
import { carryOutCommands } from '../src/consumers/stock-commands.ts'
import { createInventoryMetrics, measureWhenScraped } from '../src/metrics.ts'
import { startSaga } from '../src/saga.ts'
import { startCacheFeed } from '../src/store/cache-feed.ts'
import { countOversoldPieces } from '../src/store/reservation-rows.ts'
import { createStockCache } from '../src/store/stock-cache.ts'

interface Backends {
  postgresUrl: string
  redis: { url: string; keyPrefix: string }
  topics?: FreshTopics
  cache?: { boundMs: number; ttlMs: number }
  terms?: Partial<InventoryConfig['terms']>
}

/** The service as main.ts puts it together, without a process and a port. Without topics it only answers requests. */
export async function runInventory({ postgresUrl, redis: redisAt, topics, ...over }: Backends) {
  const context = createContext({ name: 'inventory', logLevel: 'silent' })
  const pool = createPool({ url: new Secret(postgresUrl) }, context)
  const redis = createRedis({ url: new Secret(redisAt.url), keyPrefix: redisAt.keyPrefix }, context)
  const metrics = createInventoryMetrics(context.metrics)
  // A bound that a busy machine keeps: what is shown here is what happens within it and beyond it.
  const cacheParts = { redis, pool, metrics, ...(over.cache ?? { boundMs: 60_000, ttlMs: 600_000 }) }
  const cache = createStockCache(cacheParts)
  measureWhenScraped(context.metrics, {
    countOversoldPieces: () => countOversoldPieces(pool),
    cacheAgeMs: cache.ageMs,
    cacheBoundMs: cacheParts.boundMs
  })
  const tokens = await testTokens()
  const http = { trustedProxies: [], bodyLimitBytes: 64 * 1024, requestTimeoutMs: 5_000, origins: [] }
  const app = buildApp({ context, http, auth: tokens.authenticator, pool, cache, metrics })
  await app.ready()
  startCacheFeed(context, cacheParts)
  if (topics) {
    const kafka = createKafka({ brokers: topics.brokers, topicPrefix: topics.topicPrefix }, context)
    await startOutboxRelay(context, pool, await createProducer(kafka))
    const terms = { reservationTtlMs: 3_600_000, againMs: 60_000, sweepIntervalMs: 50, ...over.terms }
    await startSaga(kafka, { context, pool, metrics, terms })
    await carryOutCommands(kafka, { context, pool, metrics })
  }
  return { context, pool, redis, app, cache, signIn: tokens.signIn, stop: () => context.closers.closeAll(20_000) }
}
