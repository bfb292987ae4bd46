import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { openApiDocument } from '@gavel/contracts/openapi.ts'
import { services } from '@gavel/contracts/services.ts'
import type { FastifyInstance } from 'fastify'

/** The reader of the reference sets its styles from a script; nothing else may come from elsewhere or stand inline. */
const policy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'form-action': ["'self'"],
  'base-uri': ["'none'"],
  'frame-ancestors': ["'none'"]
}

/** `/docs`: every operation of every service in one document, to read and to try out. */
export function serveReference(app: FastifyInstance): void {
  const document = openApiDocument('Gavel', services)
  void app.register(swagger, { mode: 'static', specification: { document: document as never } })
  void app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: policy,
    uiConfig: { docExpansion: 'list', deepLinking: true, persistAuthorization: false, validatorUrl: null }
  })
}
