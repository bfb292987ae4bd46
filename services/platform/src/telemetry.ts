import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Link,
  type Span
} from '@opentelemetry/api'
import type { Logger } from './log.ts'

/**
 * Traces over HTTP, Kafka and the databases. The SDK is loaded only where an endpoint is set, because it costs a quarter of a
 * hot route's speed and 60 MB. Without it an incoming `traceparent` still goes through, so that a platform with
 * telemetry in some of its services keeps one trace.
 */

let running = false
const passedThrough = new AsyncLocalStorage<string>()

const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
export const isTraceparent = (value: unknown): value is string =>
  typeof value === 'string' && traceparentForm.test(value)

interface RunningTelemetry {
  stop: () => Promise<void>
}

/** Starts the SDK where `otlpEndpoint` is set. Must run before the drivers are loaded: they are, on first use. */
export async function startTelemetry(
  service: string,
  config: { otlpEndpoint: string | undefined },
  log: Logger
): Promise<RunningTelemetry | undefined> {
  if (config.otlpEndpoint === undefined) return undefined
  const [
    { NodeSDK },
    { HttpInstrumentation },
    { PgInstrumentation },
    { MongoDBInstrumentation },
    { IORedisInstrumentation }
  ] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/instrumentation-http'),
    import('@opentelemetry/instrumentation-pg'),
    import('@opentelemetry/instrumentation-mongodb'),
    import('@opentelemetry/instrumentation-ioredis')
  ])
  const sdk = new NodeSDK({
    serviceName: service,
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook: ({ url }) => url === '/livez' || url === '/readyz' || url === '/metrics'
      }),
      new PgInstrumentation({ requireParentSpan: true }),
      new MongoDBInstrumentation(),
      new IORedisInstrumentation({ requireParentSpan: true })
    ]
  })
  sdk.start()
  // The hook sees a module when it is required: fastify has loaded http before us, so ask for it once more.
  createRequire(import.meta.url)('node:http')
  running = true
  log.info({ endpoint: config.otlpEndpoint }, 'Telemetry is on')
  return {
    stop: async () => {
      running = false
      await sdk.shutdown()
    }
  }
}

/** What to send on: the active span's context with an SDK, else the caller's own header. */
export function currentTraceparent(): string | undefined {
  if (!running) return passedThrough.getStore()
  const span = trace.getActiveSpan()?.spanContext()
  if (!span) return undefined
  return `00-${span.traceId}-${span.spanId}-${(span.traceFlags & 1) === 1 ? '01' : '00'}`
}

/** Runs `work` with a header taken from outside. With an SDK its own instrumentation has done so already. */
export function withTraceparent<T>(traceparent: string | undefined, work: () => T): T {
  if (running || traceparent === undefined || !isTraceparent(traceparent)) return work()
  return passedThrough.run(traceparent, work)
}

const remoteContext = (traceparent: string | undefined): Context =>
  isTraceparent(traceparent) ? propagation.extract(ROOT_CONTEXT, { traceparent }) : ROOT_CONTEXT

export type SpanKindName = 'consumer' | 'producer' | 'internal' | 'client' | 'server'
const kinds: Record<SpanKindName, SpanKind> = {
  consumer: SpanKind.CONSUMER,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  server: SpanKind.SERVER
}

export interface RemoteOptions {
  /** Other traces that this work belongs to: a batch has one parent at most, and links to the rest. */
  links?: readonly string[]
  attributes?: Record<string, string | number | boolean>
}

/** Runs `work` in a span whose parent is a context from another process. */
export async function withRemoteContext<T>(
  traceparent: string | undefined,
  name: string,
  kind: SpanKindName,
  work: () => Promise<T>,
  options: RemoteOptions = {}
): Promise<T> {
  if (!running) return await withTraceparent(traceparent, work)
  const parent = remoteContext(traceparent)
  const links: Link[] = (options.links ?? []).flatMap((link) => {
    const span = trace.getSpanContext(remoteContext(link))
    return span ? [{ context: span }] : []
  })
  const span = trace
    .getTracer('@gavel/platform')
    .startSpan(name, { kind: kinds[kind], links, attributes: options.attributes ?? {} }, parent)
  return await inSpan(span, parent, work)
}

async function inSpan<T>(span: Span, parent: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await context.with(trace.setSpan(parent, span), work)
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error))
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}
