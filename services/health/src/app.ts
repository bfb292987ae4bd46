import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import * as api from '@gavel/contracts/api/health.ts'
import type { Authenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createGroupAdmin } from '@gavel/platform/kafka/group-admin.ts'
import { createRedis } from '@gavel/platform/redis/client.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Config } from './config.ts'
import { Board } from './domain/board.ts'
import { GroupWatch, watchedGroups } from './group-watch.ts'
import { createMetrics, measureBoard } from './metrics.ts'
import { Recorder } from './recorder.ts'
import { listHealthHistory } from './routes/list-health-history.ts'
import { readHealth } from './routes/read-health.ts'
import { readPlatformReadiness } from './routes/read-platform-readiness.ts'
import { streamHealth } from './routes/stream-health.ts'
import { History } from './store/history.ts'
import { Streams } from './streams.ts'
import { Watch } from './watch.ts'

export type Parts = ReturnType<typeof createParts>

/** Nothing of it moves before `start`. */
export function createParts(context: ServiceContext, config: Config, asks = watchedGroups) {
  const names = { services: Object.keys(config.services), groups: asks.map(({ group }) => group) }
  const board = new Board(names, context.clock())
  measureBoard(context, board)
  const watch = new Watch(
    context,
    { services: config.services, ...config.watch },
    createMetrics(context),
    (readiness) => board.takeReadiness(readiness)
  )
  const history = new History(createRedis(config.redis, context), {
    process: randomUUID(),
    leadMs: config.history.leadMs
  })
  const admin = createGroupAdmin(createKafka(config.kafka, context))
  const groups = new GroupWatch({ context, admin, board, terms: config.groups }, asks)
  const recorder = new Recorder({ context, board, history })
  const streams = new Streams(history, config.streams)
  const start = (): void => {
    watch.start()
    groups.start()
    recorder.start(config.history.intervalMs)
  }
  return { board, watch, history, streams, start }
}

/** `/readyz` is the platform’s here. This process is well as long as it answers `/livez`. */
export function buildApp(
  context: ServiceContext,
  config: Pick<Config, 'http'>,
  auth: Authenticator,
  { board, watch, history, streams }: Omit<Parts, 'start'>
): FastifyInstance {
  const app = createServer(context, { service: 'health', auth, readiness: false, ...config.http })
  // A stream never ends by itself, and the server waits for what it has begun to answer.
  app.addHook('preClose', async () => streams.endAll())
  implementAll(app, api, {
    readPlatformReadiness: readPlatformReadiness(watch),
    readHealth: readHealth(board),
    listHealthHistory: listHealthHistory(history),
    streamHealth: streamHealth(streams)
  })
  return app
}
