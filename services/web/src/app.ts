import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { createServer } from '@gavel/platform/http/server.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Config } from './config.ts'
import { serveReference } from './reference.ts'

const page = new URL('./page/', import.meta.url)

/** Files are asked for again each time and sent only when they changed: a new version is seen at once. */
const revalidated = 'no-cache'

export function buildApp(context: ServiceContext, config: Pick<Config, 'http'>): FastifyInstance {
  const app = createServer(context, { service: 'web', documentation: false, ...config.http })
  void app.register(fastifyStatic, {
    root: new URL('assets/', page),
    prefix: '/assets/',
    // A route for each file there is, so that everything else is plainly not there.
    wildcard: false,
    cacheControl: false,
    setHeaders: (reply) => void reply.header('cache-control', revalidated)
  })
  app.get('/', async (_request, reply) => {
    return await reply
      .header('cache-control', revalidated)
      .sendFile('index.html', new URL(page).pathname, { cacheControl: false })
  })
  serveReference(app)
  return app
}
