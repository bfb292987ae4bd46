import type { FastifyInstance, FastifyReply, FastifyRequest, onResponseHookHandler } from 'fastify'
import { createLogLimit } from '../log.ts'
import { BoundHistogram, type HistogramSeries } from '../metrics.ts'
import type { ServiceContext } from '../service.ts'
import { sampledTraceId } from '../telemetry.ts'

/** Slower than this is logged. */
const SLOW_MS = 1000
/** Of failed and slow requests; the rest are counted. */
const LINES_PER_SECOND = 10
const quiet = new Set(['/livez', '/readyz', '/metrics'])

/**
 * Rate, errors and duration of each route. Successful requests are not logged: at 30,000 a second nobody reads them, and writing
 * them would be most of the work. Failures on our side and slow requests are. Each route has a hook of its own, which knows its
 * series already: asking fastify for the route costs an object, and prom-client for the series a hash, at every request.
 */
export function measureRequests(
  app: FastifyInstance,
  context: ServiceContext
): { unknownRoute: (reply: FastifyReply) => void } {
  const durations = new BoundHistogram(context.metrics, {
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP requests by method, route and status.'
  })
  const known = new Map<string, Map<number, HistogramSeries>>()
  const statusesOf = (method: string, route: string): Map<number, HistogramSeries> => {
    const name = `${method} ${route}`
    let statuses = known.get(name)
    if (!statuses) known.set(name, (statuses = new Map()))
    return statuses
  }
  const limit = createLogLimit(LINES_PER_SECOND)

  const observe = (
    statuses: Map<number, HistogramSeries>,
    method: string,
    route: string,
    reply: FastifyReply
  ): number => {
    const elapsedMs = reply.elapsedTime
    const status = reply.statusCode
    let series = statuses.get(status)
    if (!series) statuses.set(status, (series = durations.series({ method, route, status: String(status) })))
    series.observe(elapsedMs / 1000, sampledTraceId())
    return elapsedMs
  }

  const tell = (request: FastifyRequest, reply: FastifyReply, elapsedMs: number): void => {
    const failed = reply.statusCode >= 500
    if (failed || (elapsedMs > SLOW_MS && !isStream(reply))) {
      const leftOut = limit()
      if (leftOut === undefined) return
      context.log.warn({ ...aboutOf(request, reply), leftOut }, failed ? 'A request failed' : 'A request was slow')
    } else if (context.log.isLevelEnabled('debug')) {
      context.log.debug(aboutOf(request, reply), 'A request')
    }
  }

  const measureRoute = (method: string, route: string): onResponseHookHandler => {
    const statuses = statusesOf(method, route)
    const tells = !quiet.has(route)
    return (request, reply, done) => {
      const elapsedMs = observe(statuses, method, route, reply)
      if (tells) tell(request, reply, elapsedMs)
      endRefusedUpgrade(request)
      done()
    }
  }
  app.addHook('onRoute', (route) => {
    // A GET brings its HEAD along, with the same options.
    const others = [route.onResponse ?? []].flat().filter((hook) => !ours.has(hook))
    const measure = measureRoute([route.method].flat().join(' '), route.url)
    ours.add(measure)
    route.onResponse = [measure, ...others]
  })
  return {
    unknownRoute: (reply) => {
      observe(statusesOf('any', 'unknown'), 'any', 'unknown', reply)
      endRefusedUpgrade(reply.request)
    }
  }
}

const ours = new WeakSet<object>()

/** A request to upgrade that met no WebSocket was answered like any other; Node has given its connection away and closes it no more. */
function endRefusedUpgrade(request: FastifyRequest): void {
  if (request.raw.headers.upgrade !== undefined && !isWebSocket(request)) request.raw.socket.destroySoon()
}

const isWebSocket = (request: FastifyRequest): boolean => 'ws' in request && Boolean(request.ws)

/** Server-Sent Events last as long as their reader stays. */
const isStream = (reply: FastifyReply): boolean =>
  String(reply.getHeader('content-type')).startsWith('text/event-stream')

const aboutOf = (request: FastifyRequest, reply: FastifyReply): object => ({
  method: request.method,
  route: request.routeOptions.url ?? 'unknown',
  status: reply.statusCode,
  durationMs: Math.round(reply.elapsedTime),
  requestId: request.id
})
