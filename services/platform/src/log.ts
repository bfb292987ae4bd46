import { pino, type Logger as PinoLogger, type DestinationStream } from 'pino'
import { withoutKnownSecrets } from './known-secrets.ts'
import { currentTraceparent } from './telemetry.ts'

export type Logger = PinoLogger

/** Names under which a secret may hide, at the top, one, two or three levels down. */
const secretNames = [
  'authorization',
  'cookie',
  'password',
  'newPassword',
  'passwordHash',
  'token',
  'accessToken',
  'refreshToken',
  'cardNumber',
  'securityCode',
  'cvc',
  'secret',
  'privateKey',
  'apiKey',
  'connectionString'
]
const secretPaths = [
  ...secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]),
  // `code` is also the code of an error, so only where it is a card's.
  'body.code',
  'card.code',
  '*.card.code',
  '*.body.code',
  '["set-cookie"]',
  '*["set-cookie"]',
  '*.*["set-cookie"]',
  '["sec-websocket-protocol"]',
  '*["sec-websocket-protocol"]',
  '*.*["sec-websocket-protocol"]'
]

/** Credentials inside text: those that this process was given, bearer tokens, JWTs, and user:password in URLs. */
const withoutCredentials = (text: string): string =>
  withoutKnownSecrets(text)
    .replace(/\b[Bb]earer[ .][A-Za-z0-9._~+/=-]+/g, 'Bearer [secret]')
    .replace(/\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[secret]')
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi, '$1:[secret]@')

/** Errors keep their type, message, code and stack; whatever else a driver hangs on them (parameters, hosts, documents) stays out. */
function errorOf(error: unknown, depth = 3): unknown {
  if (!(error instanceof Error)) return error
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(error.cause !== undefined && depth > 0 ? { cause: errorOf(error.cause, depth - 1) } : {})
  }
}

export interface LogOptions {
  service: string
  level?: string
  /** For tests; standard output otherwise. */
  destination?: DestinationStream
  /** Is given each line as well, as it goes to the destination: without secrets. */
  alsoTo?: ((line: string) => void) | undefined
}

function both(destination: DestinationStream, also: (line: string) => void): DestinationStream {
  return {
    write(line) {
      destination.write(line)
      also(line)
    }
  }
}

export function createLog({ service, level = 'info', destination, alsoTo }: LogOptions): Logger {
  const children: WeakRef<Logger>[] = []
  const written = destination ?? pino.destination({ fd: 1, sync: true })
  const log = pino(
    {
      level,
      onChild: (child) => remember(children, child),
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      errorKey: 'error',
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[secret]' },
      serializers: { error: errorOf, err: errorOf },
      // The whole line, because a message may come from anywhere, an error's own for one.
      hooks: { streamWrite: withoutCredentials },
      mixin() {
        const [, traceId, spanId] = currentTraceparent()?.split('-') ?? []
        return traceId === undefined ? {} : { trace_id: traceId, span_id: spanId }
      }
    },
    alsoTo === undefined ? written : both(written, alsoTo)
  )
  childrenOf.set(log, children)
  return log
}

/** A child takes its parent's level when it is made and keeps it, so a change has to find those that live long. */
const childrenOf = new WeakMap<Logger, WeakRef<Logger>[]>()
const forgetEvery = 1024

function remember(children: WeakRef<Logger>[], child: Logger): void {
  children.push(new WeakRef(child))
  // Most belong to one request and are gone by now.
  if (children.length % forgetEvery !== 0) return
  const alive = children.filter((reference) => reference.deref() !== undefined)
  children.splice(0, children.length, ...alive)
}

/** The level of a log and of every child it has, from now on. */
export function setLogLevel(log: Logger, level: string): void {
  log.level = level
  for (const reference of childrenOf.get(log) ?? []) {
    const child = reference.deref()
    if (child) child.level = level
  }
}

/**
 * For what may happen to thousands of requests in one second: lets so many through in each and counts the rest, so that an
 * overload does not become one of the log as well. Returns how many were left out before, or undefined where this one is to be left out.
 */
export function createLogLimit(
  perSecond: number,
  clock: () => number = () => performance.now()
): () => number | undefined {
  let second = 0
  let written = 0
  let leftOut = 0
  return () => {
    const now = Math.floor(clock() / 1000)
    if (now !== second) {
      second = now
      written = 0
    }
    if (written >= perSecond) {
      leftOut += 1
      return undefined
    }
    written += 1
    const before = leftOut
    leftOut = 0
    return before
  }
}
