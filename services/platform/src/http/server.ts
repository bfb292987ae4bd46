import fastify, { type FastifyInstance } from 'fastify'
import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { serviceNamed } from '@gavel/contracts/services.ts'
import type { AuditTrail } from '../audit/trail.ts'
import { Refusal } from '../errors.ts'
import { renderMetrics } from '../metrics.ts'
import type { ServiceContext } from '../service.ts'
import type { Authenticator } from './auth.ts'
import { serveDocumentation } from './documentation.ts'
import { measureRequests } from './measures.ts'
import { answerBrokenRequest, answerProblems, answerUnknownRoutes, sendProblem, setCommonHeaders } from './problems.ts'
import { createValidatorCompiler } from './validation.ts'
import { createWebSockets } from './web-socket.ts'

export { implement, implementAll, reply } from './implement.ts'
export type { Handler, HandlerInput, HandlerOutput } from './implement.ts'

export interface ServerOptions {
  /** The service whose documentation is served, or its name. */
  service: ServiceDefinition | string
  /** Missing only where no operation takes a token: then every token is refused. */
  auth?: Authenticator
  /** Where admins' acts are recorded. A server without it refuses to serve an operation that is audited. */
  audit?: AuditTrail
  bodyLimitBytes?: number
  requestTimeoutMs?: number
  trustedProxies?: readonly string[]
  /** Origins whose pages may open WebSockets, where a route names none of its own. Empty: any. */
  origins?: readonly string[]
  /** The largest WebSocket message. */
  webSocketPayloadBytes?: number
  /** False where an operation of the service is `/readyz` itself. */
  readiness?: boolean
  /** False where the service has other pages at `/docs`. */
  documentation?: boolean
}

const refuseAll: Authenticator = {
  verify: async () => {
    throw new Refusal('UNAUTHENTICATED')
  }
}

/**
 * An HTTP server with everything a service must answer besides its operations: `/livez`, `/readyz`, `/metrics`, `/openapi.json`,
 * `/docs`, and a problem document for whatever goes wrong.
 */
export function createServer(context: ServiceContext, options: ServerOptions): FastifyInstance {
  const requestTimeoutMs = options.requestTimeoutMs ?? 15_000
  const app = fastify({
    // fastify's logger makes a child for each request; see measures.ts for what is logged instead.
    logger: false,
    bodyLimit: options.bodyLimitBytes ?? 256 * 1024,
    requestTimeout: requestTimeoutMs,
    // Longer than a proxy keeps an idle connection, so that it is never we who close one that it is about to use.
    keepAliveTimeout: 75_000,
    http: {
      connectionsCheckingInterval: Math.min(1000, requestTimeoutMs),
      headersTimeout: Math.min(10_000, requestTimeoutMs)
    },
    requestIdHeader: 'x-request-id',
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    trustProxy: options.trustedProxies ? [...options.trustedProxies] : false,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 128 },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) =>
      void sendProblem(reply, request, new Refusal('INVALID_INPUT', { detail: error.message.slice(0, 200) }))
  }) as unknown as FastifyInstance

  app.decorate('parts', {
    context,
    auth: options.auth ?? refuseAll,
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    origins: options.origins ?? [],
    webSockets: createWebSockets(app, options.webSocketPayloadBytes ?? 64 * 1024)
  })
  app.decorateRequest('user', undefined)
  app.setValidatorCompiler(createValidatorCompiler())
  answerProblems(app, context)
  const { unknownRoute } = measureRequests(app, context)
  answerUnknownRoutes(app, unknownRoute)
  readJsonOnly(app)
  app.addHook('onRequest', (_request, reply, done) => {
    setCommonHeaders(reply)
    done()
  })
  serveProbes(app, context, options.readiness ?? true)
  if (options.documentation ?? true) {
    serveDocumentation(app, typeof options.service === 'string' ? serviceNamed(options.service) : options.service)
  }
  context.closers.add('http', async () => await closeServer(app), 'http')
  return app
}

/** Answers what has begun. A connection whose last request was under way at the start becomes idle later, so they are looked after until none is left. */
async function closeServer(app: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), 50)
  try {
    await app.close()
  } finally {
    clearInterval(sweep)
  }
}

/** JSON and nothing else; an empty body is none, so that a DELETE with a content type is no mistake. */
function readJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined)
    else void parse(request, body, done)
  })
}

function serveProbes(app: FastifyInstance, context: ServiceContext, readiness: boolean): void {
  app.get('/livez', async () => ({ status: 'alive' }))
  if (readiness) {
    app.get('/readyz', async (_request, reply) => {
      const state = await context.health.read()
      return await reply.code(state.status === 'ready' ? 200 : 503).send(state)
    })
  }
  app.get('/metrics', async (request, reply) => {
    const { contentType, text } = await renderMetrics(context.metrics, request.headers.accept)
    return await reply.header('content-type', contentType).send(text)
  })
}

/** Starts to listen and says where. Port 0 takes any free one. */
export async function listen(app: FastifyInstance, config: { host: string; port: number }): Promise<string> {
  const address = await app.listen({ host: config.host, port: config.port, backlog: 4096 })
  app.parts.context.log.info({ address }, 'Listening')
  return address
}
