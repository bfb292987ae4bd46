import { orders, saleConfirmed, statements } from '@gavel/contracts/topics.ts'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { startInboxSweep } from '@gavel/platform/postgres/inbox.ts'
import { migrate } from '@gavel/platform/postgres/migrate.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createRedis } from '@gavel/platform/redis/client.ts'
import { createReadUpTo } from '@gavel/platform/kafka/read-up-to.ts'
import { runService } from '@gavel/platform/service.ts'
import { startStatements } from '@gavel/platform/statements.ts'
import { buildApp } from './app.ts'
import { readInventoryConfig } from './config.ts'
import { carryOutCommands } from './consumers/stock-commands.ts'
import { createInventoryMetrics, measureWhenScraped } from './metrics.ts'
import { startSaga } from './saga.ts'
import { startCacheFeed } from './store/cache-feed.ts'
import { countOversoldPieces } from './store/reservation-rows.ts'
import { createStockCache } from './store/stock-cache.ts'
import { reservationStatement, stockStatement } from './store/state-stock.ts'

await runService({
  name: 'inventory',
  config: () => readInventoryConfig(),
  start: async (context, config) => {
    await migrate(config.postgres.url, new URL('../migrations/', import.meta.url), context.log)
    const pool = createPool(config.postgres, context)
    const redis = createRedis(config.redis, context)
    const metrics = createInventoryMetrics(context.metrics)
    const cacheParts = { redis, pool, metrics, ...config.cache }
    const cache = createStockCache(cacheParts)
    measureWhenScraped(context.metrics, {
      countOversoldPieces: () => countOversoldPieces(pool),
      cacheAgeMs: cache.ageMs,
      cacheBoundMs: config.cache.boundMs
    })
    const auth = createAuthenticator({ ...config.auth, clock: context.clock })
    await listen(buildApp({ context, http: config.http, auth, pool, cache, metrics }), config.http)
    startCacheFeed(context, cacheParts)

    const kafka = createKafka(config.kafka, context)
    startInboxSweep(context, pool)
    const producer = await createProducer(kafka)
    await startOutboxRelay(context, pool, producer)
    await startSaga(kafka, { context, pool, metrics, terms: config.terms })
    await carryOutCommands(kafka, { context, pool, metrics })
    startStatements(context, {
      topic: statements,
      producer,
      intervalMs: config.statements.intervalMs,
      readUpTo: createReadUpTo(kafka, [saleConfirmed, orders]),
      statements: [reservationStatement(pool, context.clock), stockStatement(pool, context.clock)]
    })
  }
})
