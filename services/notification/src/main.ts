import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp } from './app.ts'
import { readNotificationConfig } from './config.ts'
import { startConsumers } from './consumers/start.ts'
import { startFanOut } from './live/fan-out.ts'
import { startLive } from './live/start.ts'
import { startMailer } from './mail/mailer.ts'
import { createNotificationMetrics } from './metrics.ts'
import { collectionsOf, createIndexes } from './store/documents.ts'
import { createNoticeStore } from './store/notice-store.ts'

await runService({
  name: 'notification',
  features: ['mailOutbid'],
  config: () => readNotificationConfig(),
  start: async (context, config) => {
    const { db } = await createMongo(config.mongo, context)
    const collections = collectionsOf(db)
    await createIndexes(collections, config.retentionMs, context.log)
    const metrics = createNotificationMetrics(context, collections)

    const mailer = startMailer(context, { collections, metrics, options: config.mail })
    context.closers.add('mailer', () => mailer.stop(), 'relays')
    const onStored = ({ mail }: { mail?: object }): void => {
      if (mail) mailer.wake()
    }
    const live = startLive(context, { db, collections, metrics, options: config.live, onStored })

    const kafka = createKafka(config.kafka, context)
    await startFanOut(context, kafka, live.auctions)
    const mailDefaults = () => ({ outbid: context.settings.feature('mailOutbid', config.mail.outbid) })
    const store = createNoticeStore(collections, {
      mailDefaults,
      clock: context.clock,
      onStored: metrics.stored
    })
    await startConsumers(context, kafka, store)

    const auth = createAuthenticator({ ...config.auth, clock: context.clock })
    await listen(buildApp({ context, http: config.http, auth, collections, live, mailDefaults }), config.http)
  }
})
