import type { FastifyInstance } from 'fastify'
import { createServer } from '@gavel/platform/http/server.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Config } from './config.ts'
import { servePages } from './pages.ts'
import { serveReference } from './reference.ts'

export function buildApp(context: ServiceContext, config: Pick<Config, 'http' | 'pages'>): FastifyInstance {
  const app = createServer(context, { service: 'web', documentation: false, ...config.http })
  servePages(app, config.pages.directory)
  serveReference(app)
  return app
}
