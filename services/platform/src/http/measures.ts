import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createLogLimit } from '../log.ts'
import { BoundHistogram, type HistogramSeries } from '../metrics.ts'
import type { ServiceContext } from '../service.ts'

/** Slower than this is logged. */
const SLOW_MS = 1000
/** Of failed and slow requests; the rest are counted. */
const LINES_PER_SECOND = 10
const quiet = new Set(['/livez', '/readyz', '/metrics'])

/**
 * Rate, errors and duration of each route. Successful requests are not logged: at 30,000 a second nobody reads them, and writing
 * them would be most of the work. Failures on our side and slow requests are.
 */
export function measureRequests(app: FastifyInstance, context: ServiceContext): void {
  const durations = new BoundHistogram(context.metrics, {
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP requests by method, route and status.'
  })
  /** Keyed by route, then by status: two look-ups by identity instead of a hash of labels. */
  const known = new Map<string, Map<number, HistogramSeries>>()

  const seriesOf = (method: string, route: string, status: number): HistogramSeries => {
    const name = `${method} ${route}`
    let statuses = known.get(name)
    if (!statuses) known.set(name, (statuses = new Map()))
    let series = statuses.get(status)
    if (!series) statuses.set(status, (series = durations.series({ method, route, status: String(status) })))
    return series
  }

  const limit = createLogLimit(LINES_PER_SECOND)
  app.addHook('onResponse', (request, reply: FastifyReply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const elapsedMs = reply.elapsedTime
    seriesOf(route === 'unknown' ? 'any' : request.method, route, reply.statusCode).observe(elapsedMs / 1000)
    const failed = reply.statusCode >= 500
    const slow = elapsedMs > SLOW_MS && !isStream(reply)
    if ((failed || slow) && !quiet.has(route)) {
      const leftOut = limit()
      if (leftOut !== undefined)
        context.log.warn({ ...aboutOf(request, reply), leftOut }, failed ? 'A request failed' : 'A request was slow')
    } else if (context.log.isLevelEnabled('debug')) {
      context.log.debug(aboutOf(request, reply), 'A request')
    }
    done()
  })
}

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
