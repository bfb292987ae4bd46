import * as api from '@gavel/contracts/api/eventlog.ts'
import type { HttpConfig } from '@gavel/platform/config.ts'
import type { Authenticator } from '@gavel/platform/http/auth.ts'
import { postgresAudit } from '@gavel/platform/audit/postgres.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import type { Producer } from '@gavel/platform/kafka/producer.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { createCountSagas } from './routes/count-sagas.ts'
import { createDecideDeadLetter } from './routes/decide-dead-letter.ts'
import { createDecideDeadLetters } from './routes/decide-dead-letters.ts'
import { createListAudit } from './routes/list-audit.ts'
import { createListDeadLetters } from './routes/list-dead-letters.ts'
import { createListDifferences } from './routes/list-differences.ts'
import { createListEvents } from './routes/list-events.ts'
import { createListSagas } from './routes/list-sagas.ts'
import { createReadAuctionAt } from './routes/read-auction-at.ts'
import { createReadDeadLetter } from './routes/read-dead-letter.ts'
import { createReadEvent } from './routes/read-event.ts'
import { createReadOrderAt } from './routes/read-order-at.ts'
import { createReadProductAt } from './routes/read-product-at.ts'
import { createReadReconciliation } from './routes/read-reconciliation.ts'
import { createReadSaga } from './routes/read-saga.ts'
import { createReadSagaDurations } from './routes/read-saga-durations.ts'
import { createReadStatisticsSeries } from './routes/read-statistics-series.ts'
import { createReadStatistics } from './routes/read-statistics.ts'
import { createReadTopStatistics } from './routes/read-top-statistics.ts'
import { createReplayEvents } from './routes/replay-events.ts'
import { createStreamEvents } from './routes/stream-events.ts'
import { createStreamStatistics } from './routes/stream-statistics.ts'
import { createVerifyEvents } from './routes/verify-events.ts'
import type { HeadWatch } from './store/head-watch.ts'
import type { Streams } from './streams.ts'

export interface AppParts {
  context: ServiceContext
  http: Omit<HttpConfig, 'host' | 'port'>
  auth: Authenticator
  pool: Pool
  /** For replays. */
  producer: Producer
  streams: Streams
  /** How far the log has come, and how far the figures. */
  watches: { log: HeadWatch; statistics: HeadWatch }
  /** A sale that is not over so long after its confirmation is stuck. */
  stuckMs: number
}

export function buildApp({
  context,
  http,
  auth,
  pool,
  producer,
  streams,
  watches,
  stuckMs
}: AppParts): FastifyInstance {
  const app = createServer(context, { service: 'eventlog', auth, audit: postgresAudit(context, pool), ...http })
  // A stream never ends by itself, and the server waits for what it has begun to answer.
  app.addHook('preClose', async () => streams.endAll())
  implementAll(app, api, {
    listEvents: createListEvents(pool),
    readEvent: createReadEvent(pool),
    streamEvents: createStreamEvents({ pool, watch: watches.log, streams }),
    verifyEvents: createVerifyEvents(pool),
    readAuctionAt: createReadAuctionAt(pool),
    readOrderAt: createReadOrderAt(pool),
    readProductAt: createReadProductAt(pool),
    listSagas: createListSagas(pool, stuckMs),
    readSaga: createReadSaga(pool, stuckMs),
    countSagas: createCountSagas(pool, stuckMs),
    replayEvents: createReplayEvents({ pool, producer }),
    readReconciliation: createReadReconciliation(pool),
    listDifferences: createListDifferences(pool),
    readStatistics: createReadStatistics(pool),
    readStatisticsSeries: createReadStatisticsSeries(pool),
    readSagaDurations: createReadSagaDurations(pool),
    readTopStatistics: createReadTopStatistics(pool),
    streamStatistics: createStreamStatistics({ pool, watch: watches.statistics, streams }),
    listAudit: createListAudit(pool),
    listDeadLetters: createListDeadLetters(pool),
    readDeadLetter: createReadDeadLetter(pool),
    replayDeadLetter: createDecideDeadLetter({ pool, producer }, 'replayed'),
    discardDeadLetter: createDecideDeadLetter({ pool, producer }, 'discarded'),
    replayDeadLetters: createDecideDeadLetters({ pool, producer }, 'replayed'),
    discardDeadLetters: createDecideDeadLetters({ pool, producer }, 'discarded')
  })
  return app
}
