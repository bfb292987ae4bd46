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
  type Span,
  type SpanContext
} from '@opentelemetry/api'
import type { Logger } from './log.ts'

/**
 * Traces over HTTP, Kafka and the databases. The SDK is loaded only where an endpoint is set, because it costs 60 MB, and
 * configured by OpenTelemetry's own variables, which also say what is sampled. Without it, and where nothing is sampled, an incoming
 * `traceparent` still goes through, so that a platform with telemetry in some of its services keeps one trace.
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
    // Figures are scraped and logs go over Kafka: neither is sent a second time.
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [
      new HttpInstrumentation({
        // Of a request that its caller does not sample a span would only cost.
        ignoreIncomingRequestHook: ({ url, headers: { traceparent } }) =>
          url === '/livez' ||
          url === '/readyz' ||
          url === '/metrics' ||
          (isTraceparent(traceparent) && !isSampled(traceparent))
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

/** Whether spans are made in this process. */
export const isTracing = (): boolean => running

/** The last bit of the flags: whoever made the context exports its spans, so we export ours. */
export const isSampled = (traceparent: string | undefined): traceparent is string =>
  isTraceparent(traceparent) && (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1

export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35)

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${(traceFlags & 1) === 1 ? '01' : '00'}`

/** What to send on: the active span's context, else the caller's own header. */
export function currentTraceparent(): string | undefined {
  const span = running ? trace.getActiveSpan()?.spanContext() : undefined
  return span ? traceparentOf(span) : passedThrough.getStore()
}

/** Of what is done here, and told with figures: the trace's id where it is sampled, and can be found. */
export function sampledTraceId(): string | undefined {
  const span = running ? trace.getActiveSpan()?.spanContext() : undefined
  return span && (span.traceFlags & 1) === 1 ? span.traceId : undefined
}

/** Runs `work` with a header taken from outside. Where the SDK has made a span of the request, that span goes before. */
export function withTraceparent<T>(traceparent: string | undefined, work: () => T): T {
  if (traceparent === undefined || !isTraceparent(traceparent)) return work()
  if (running && trace.getActiveSpan()) return work()
  return passedThrough.run(traceparent, work)
}

/** Runs what goes on by itself, and only happens to begin in somebody's request, in no trace at all. */
export const outsideTraces = <T>(work: () => T): T => passedThrough.exit(() => context.with(ROOT_CONTEXT, work))

/** Names a request's span by its route, which only the router knows. */
export function nameRequest(method: string, route: string): void {
  if (!running) return
  const span = trace.getActiveSpan()
  if (span?.isRecording() === true) span.updateName(`${method} ${route}`).setAttribute('http.route', route)
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

export type SpanAttributes = Record<string, string | number | boolean>

export interface SpanOptions {
  name: string
  kind: SpanKindName
  /** A context from another process, or from before. Without it a trace begins, sampled as it is configured. */
  parent?: string | undefined
  /** Other traces that this work belongs to: a span has one parent at most, and links to the rest. */
  links?: readonly string[]
  attributes?: SpanAttributes
}

/** A span that was begun and must be ended. */
export interface OpenSpan {
  readonly traceparent: string
  /** Runs `work` in the span; ends nothing. */
  run<T>(work: () => T): T
  /** Ends it; with an error where there was one. */
  end(error?: unknown): void
}

/** Undefined without an SDK, and where the parent says that nothing of its trace is kept: such a span would only cost. */
export function startSpan({ name, kind, parent, links = [], attributes = {} }: SpanOptions): OpenSpan | undefined {
  if (!running || (isTraceparent(parent) && !isSampled(parent))) return undefined
  const base = remoteContext(parent)
  const linked: Link[] = links.flatMap((link) => {
    const span = trace.getSpanContext(remoteContext(link))
    return span ? [{ context: span }] : []
  })
  const span = trace
    .getTracer('@gavel/platform')
    .startSpan(name, { kind: kinds[kind], links: linked, attributes }, base)
  const within = trace.setSpan(base, span)
  return {
    traceparent: traceparentOf(span.spanContext()),
    run: (work) => context.with(within, work),
    end: (error) => {
      if (error !== undefined) fail(span, error)
      span.end()
    }
  }
}

function fail(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error))
  span.setAttribute('error.type', errorType(error))
  span.setStatus({ code: SpanStatusCode.ERROR, message: String(error instanceof Error ? error.message : error) })
}

/** The code of what was thrown first, else its name: our own errors say no more than how they are dealt with. */
function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ((error.name === 'Bug' || error.name === 'Fault') && error.cause instanceof Error) return errorType(error.cause)
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}

/** Runs `work` in a span, which ends with it. Without one the parent is passed through. */
export async function withSpan<T>(options: SpanOptions, work: () => Promise<T>): Promise<T> {
  const span = startSpan(options)
  if (!span) return await inTraceOf(options.parent, work)
  try {
    const result = await span.run(work)
    span.end()
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

/** Runs `work` in a trace that was begun elsewhere, without a span of its own. */
export const inTraceOf = <T>(traceparent: string | undefined, work: () => T): T =>
  running && isTraceparent(traceparent)
    ? context.with(remoteContext(traceparent), work)
    : withTraceparent(traceparent, work)
