import type { FastifyInstance } from 'fastify'
import * as api from '@gavel/contracts/api/health.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Config } from './config.ts'
import { createMetrics } from './metrics.ts'
import { readPlatformReadiness } from './routes/read-platform-readiness.ts'
import { Watch } from './watch.ts'

export const createWatch = (context: ServiceContext, config: Pick<Config, 'services' | 'watch'>): Watch =>
  new Watch(context, { services: config.services, ...config.watch }, createMetrics(context))

/** `/readyz` is the platform’s here. This process is well as long as it answers `/livez`. */
export function buildApp(context: ServiceContext, config: Pick<Config, 'http'>, watch: Watch): FastifyInstance {
  const app = createServer(context, { service: 'health', readiness: false, ...config.http })
  implementAll(app, api, { readPlatformReadiness: readPlatformReadiness(watch) })
  return app
}
