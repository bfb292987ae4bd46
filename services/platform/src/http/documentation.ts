import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceDefinition } from '@gavel/contracts/services.ts'

/**
 * `/openapi.json` and `/docs`, from the contract. The pages live in a server of their own that is made at the first visit:
 * loading them costs a third of a second and 20 MB, which few processes ever need.
 */
export function serveDocumentation(app: FastifyInstance, service: ServiceDefinition): void {
  let pages: Promise<FastifyInstance> | undefined

  app.get('/openapi.json', async (_request, reply) => {
    const { openApiOf } = await import('@gavel/contracts/openapi.ts')
    return await reply
      .header('content-type', 'application/json; charset=utf-8')
      .send(JSON.stringify(openApiOf(service)))
  })

  const visit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    pages ??= createPages(service)
    const { routing } = await pages
    void reply.hijack()
    routing(request.raw, reply.raw)
  }
  app.get('/docs', visit)
  app.get('/docs/*', visit)
  app.addHook('onClose', async () => {
    if (pages) await (await pages).close()
  })
}

async function createPages(service: ServiceDefinition): Promise<FastifyInstance> {
  const [{ default: fastify }, { default: swagger }, { default: swaggerUi }, { openApiOf }] = await Promise.all([
    import('fastify'),
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
    import('@gavel/contracts/openapi.ts')
  ])
  const pages = fastify({ logger: false })
  const document = openApiOf(service)
  await pages.register(swagger, { mode: 'static', specification: { document: document as never } })
  await pages.register(swaggerUi, { routePrefix: '/docs', uiConfig: { docExpansion: 'list' }, staticCSP: true })
  await pages.ready()
  return pages as unknown as FastifyInstance
}
