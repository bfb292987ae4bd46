import { payments, reservations, saleConfirmed, statements } from '@gavel/contracts/topics.ts'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { startInboxSweep } from '@gavel/platform/postgres/inbox.ts'
import { migrate } from '@gavel/platform/postgres/migrate.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createReadUpTo } from '@gavel/platform/kafka/read-up-to.ts'
import { runService } from '@gavel/platform/service.ts'
import { startStatements } from '@gavel/platform/statements.ts'
import { buildApp } from './app.ts'
import { readOrderConfig } from './config.ts'
import { createOrderMetrics } from './metrics.ts'
import { startSaga } from './saga.ts'
import { findOldestOpen } from './store/read-sales.ts'
import { saleStatement } from './store/state-sales.ts'

await runService({
  name: 'order',
  config: () => readOrderConfig(),
  start: async (context, config) => {
    await migrate(config.postgres.url, new URL('../migrations/', import.meta.url), context.log)
    const pool = createPool(config.postgres, context)
    const metrics = createOrderMetrics(context.metrics, {
      clock: context.clock,
      findOldestOpen: () => findOldestOpen(pool)
    })
    const auth = createAuthenticator({ ...config.auth, clock: context.clock })
    await listen(buildApp({ context, http: config.http, auth, pool }), config.http)

    const kafka = createKafka(config.kafka, context)
    startInboxSweep(context, pool)
    const producer = await createProducer(kafka)
    await startOutboxRelay(context, pool, producer)
    await startSaga(context, { kafka, pool, metrics, terms: config.terms, sweepIntervalMs: config.sweepIntervalMs })
    startStatements(context, {
      topic: statements,
      producer,
      intervalMs: config.statements.intervalMs,
      readUpTo: createReadUpTo(kafka, [saleConfirmed, reservations, payments]),
      statements: [saleStatement(pool, context.clock)]
    })
  }
})
