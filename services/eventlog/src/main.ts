import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { migrate } from '@gavel/platform/postgres/migrate.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp } from './app.ts'
import { readEventlogConfig } from './config.ts'
import { recordDeadLetters } from './consumers/record-dead-letters.ts'
import { reconcileStatements } from './consumers/reconcile-statements.ts'
import { recordTopics } from './consumers/record-events.ts'
import { createEventlogMetrics, readers } from './metrics.ts'
import { startFolding } from './folding.ts'
import { Streams } from './streams.ts'
import { startUpkeep } from './upkeep.ts'
import { watchAll } from './watches.ts'

await runService({
  name: 'eventlog',
  config: () => readEventlogConfig(),
  start: async (context, config) => {
    await migrate(config.postgres.url, new URL('../migrations/', import.meta.url), context.log)
    const pool = createPool(config.postgres, context)
    const { stuckMs } = config
    const metrics = createEventlogMetrics(context.metrics, readers(pool, { stuckMs, clock: context.clock }))
    const watches = watchAll(context, pool, config.streams)
    startUpkeep(context, pool, config.upkeep)
    const streams = new Streams({ metrics, terms: config.streams })
    startFolding(context, { pool, watch: watches.log, metrics })
    const auth = createAuthenticator({ ...config.auth, clock: context.clock })
    const kafka = createKafka(config.kafka, context)
    const producer = await createProducer(kafka)
    await startOutboxRelay(context, pool, producer)
    await listen(buildApp({ context, http: config.http, auth, pool, producer, streams, watches, stuckMs }), config.http)

    await recordTopics(context, { kafka, pool, metrics })
    recordDeadLetters(context, { kafka, pool })
    await reconcileStatements(context, { kafka, pool, metrics, afterMs: config.reconcileAfterMs })
  }
})
