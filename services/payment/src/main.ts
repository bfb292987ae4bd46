import { orders, reservations, statements } from '@gavel/contracts/topics.ts'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { startInboxSweep } from '@gavel/platform/postgres/inbox.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool, migrate } from '@gavel/platform/postgres/pool.ts'
import { createReadUpTo } from '@gavel/platform/kafka/read-up-to.ts'
import { runService } from '@gavel/platform/service.ts'
import { startStatements } from '@gavel/platform/statements.ts'
import { buildApp } from './app.ts'
import { readPaymentConfig } from './config.ts'
import { createPaymentMetrics } from './metrics.ts'
import { createHttpProvider } from './provider/http.ts'
import { startSaga } from './saga.ts'
import { paymentStatement } from './store/state-payments.ts'

await runService({
  name: 'payment',
  config: () => readPaymentConfig(),
  start: async (context, config) => {
    const { url } = config.postgres
    await migrate(url, new URL('../migrations/', import.meta.url), context.log)
    const pool = createPool(config.postgres, context)
    const kafka = createKafka(config.kafka, context)
    const producer = await createProducer(kafka)
    await startOutboxRelay(context, pool, producer)
    startInboxSweep(context, pool)

    const provider = createHttpProvider({ ...config.provider, connectionsMax: config.worker.concurrency + 8 })
    // Not critical: what is due waits, and everything else is answered.
    context.health.add('provider', () => provider.check(), { critical: false })
    context.closers.add('provider', () => provider.close(), 'pools')
    const metrics = createPaymentMetrics(context, pool)
    await startSaga(context, { kafka, pool, url, provider, metrics, worker: config.worker })

    const auth = createAuthenticator({ ...config.auth, clock: context.clock })
    await listen(buildApp({ context, http: config.http, auth, pool, provider }), config.http)
    startStatements(context, {
      topic: statements,
      producer,
      intervalMs: config.statements.intervalMs,
      readUpTo: createReadUpTo(kafka, [reservations, orders]),
      statements: [paymentStatement(pool, context.clock)]
    })
  }
})
