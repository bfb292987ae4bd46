import { readFileSync } from 'node:fs'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { openApiDocument } from '@gavel/contracts/openapi.ts'
import { services } from '@gavel/contracts/services.ts'
import type { FastifyInstance } from 'fastify'

/** The one style that the reference’s page has inline. Every other may come from our files alone. */
const inlineStyle = "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"

const policy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-hashes'", inlineStyle],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'form-action': ["'self'"],
  'base-uri': ["'none'"],
  'frame-ancestors': ["'none'"]
}

const icon = readFileSync(new URL('./page/public/assets/icon.svg', import.meta.url), 'utf8')

/** `/docs`: every operation of every service in one document, to read and to try out. */
export function serveReference(app: FastifyInstance): void {
  const document = openApiDocument('Gavel', services)
  void app.register(swagger, { mode: 'static', specification: { document: document as never } })
  void app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: policy,
    theme: {
      title: 'Gavel: API reference',
      favicon: [{ filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: icon }],
      css: [{ filename: 'theme.css', content: '.swagger-ui .topbar { display: none }' }]
    },
    uiConfig: { docExpansion: 'list', deepLinking: true, persistAuthorization: false, validatorUrl: null }
  })
}
