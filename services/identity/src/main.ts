import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createProducer } from '@gavel/platform/kafka/producer.ts'
import { createMailTransport } from '@gavel/platform/mail.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { startOutboxRelay } from '@gavel/platform/postgres/outbox.ts'
import { createPool, migrate } from '@gavel/platform/postgres/pool.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp, createDependencies } from './app.ts'
import { identityConfig } from './config.ts'
import { ensureFirstAdmin } from './first-admin.ts'
import { startMails } from './mails.ts'
import { startUpkeep, upkeepRound } from './upkeep.ts'

await runService({
  name: 'identity',
  config: () => identityConfig(),
  start: async (context, config) => {
    await migrate(config.postgres.url, new URL('../migrations/', import.meta.url), context.log)
    const pool = createPool(config.postgres, context)
    const dependencies = await createDependencies(context, config, pool)
    // Before the first request: there must be a key to sign with, and it must open with the configured secret.
    await upkeepRound(dependencies)
    await ensureFirstAdmin(dependencies, config.admin)
    const app = buildApp(dependencies, config)
    await startOutboxRelay(context, pool, await createProducer(createKafka(config.kafka, context)))
    if (config.mail.smtpUrl) {
      const transport = createMailTransport({ smtpUrl: config.mail.smtpUrl, from: config.mail.from })
      startMails(context, { pool, transport }, config.mail)
    } else {
      context.log.warn('SMTP_URL is missing: no mail is sent until it is there')
    }
    startUpkeep(dependencies, config.upkeep.intervalMs)
    await listen(app, config.http)
  }
})
