import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { startInboxSweep } from '@gavel/platform/postgres/inbox.ts'
import { createPool, migrate } from '@gavel/platform/postgres/pool.ts'
import { createRedis } from '@gavel/platform/redis/client.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp, createDependencies } from './app.ts'
import { catalogConfig } from './config.ts'
import { carryOutImports } from './consumers/imports.ts'
import { followItems } from './consumers/read-side.ts'
import { startImportSweep } from './store/imports/sweep.ts'

await runService({
  name: 'catalog',
  config: () => catalogConfig(),
  start: async (context, config) => {
    await migrate(config.postgres.url, new URL('../migrations/', import.meta.url), context.log)
    const pool = createPool(config.postgres, context)
    const dependencies = createDependencies(context, pool, createRedis(config.redis, context), config)
    const app = buildApp(dependencies, config, createAuthenticator(config.auth))
    const kafka = createKafka(config.kafka, context)
    await startOutboxRelay(context, pool, await createProducer(kafka))
    await listen(app, config.http)
    startInboxSweep(context, pool)
    startImportSweep(context, pool, config.imports)
    await followItems(dependencies, kafka)
    await carryOutImports(dependencies, kafka)
  }
})
