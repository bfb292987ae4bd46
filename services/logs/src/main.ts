import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { listen } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import { runService } from '@gavel/platform/service.ts'
import { buildApp } from './app.ts'
import { readLogsConfig } from './config.ts'
import { storeLines } from './consumers/store-lines.ts'
import { TraceHub } from './live/trace-hub.ts'
import { createLogsMetrics } from './metrics.ts'
import { linesOf, prepareLines } from './store/lines.ts'

await runService({
  name: 'logs',
  config: () => readLogsConfig(),
  start: async (context, config) => {
    const { db } = await createMongo(config.mongo, context)
    const lines = linesOf(db)
    await prepareLines(db, config.retentionMs, context.log)
    const metrics = createLogsMetrics(context.metrics)
    storeLines(context, createKafka(config.kafka, context), { lines, metrics })
    const hub = new TraceHub(context, { db, lines, metrics })
    context.closers.add('traces', async () => await hub.stop(), 'relays')
    const auth = createAuthenticator({ ...config.auth, clock: context.clock })
    await listen(buildApp({ context, http: config.http, auth, lines, hub, traces: config.traces }), config.http)
  }
})
