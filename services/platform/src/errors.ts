import { inspect } from 'node:util'
import { errors, type ErrorCode } from '@gavel/contracts/errors.ts'

/**
 * Three kinds of error, and no others. A *Refusal* is an answer: the domain says no, with a code from the closed list,
 * never retried. A *Fault* is the world failing: a retry may help. A *Bug* is everything else: our own mistake.
 */

/** The domain says no. `details` are public: they appear as members of the problem document. */
export class Refusal extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, details: Record<string, unknown> = {}) {
    // An answer needs no stack, and on a hot path its capture would cost more than the rest of the refusal.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(typeof details.detail === 'string' ? details.detail : errors[code].title)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'Refusal'
    this.code = code
    this.details = details
  }
}

export interface FaultOptions {
  cause?: unknown
  /** False where trying again cannot help: the consumer gives up at once. */
  retryable?: boolean
  /** True where a part could not be reached at all. Such a fault says nothing about the work, so it is retried without end. */
  unreachable?: boolean
}

/** The world failed: a database, the broker, a provider. */
export class Fault extends Error {
  readonly retryable: boolean
  readonly unreachable: boolean

  constructor(message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Fault'
    this.retryable = options.retryable ?? true
    this.unreachable = options.unreachable ?? false
  }
}

/** Anything that should not have been thrown. The original is the cause. */
export class Bug extends Error {
  constructor(cause: unknown) {
    super(
      cause instanceof Error ? cause.message : `A value that is no error was thrown: ${inspect(cause, { depth: 1 })}`,
      { cause }
    )
    this.name = 'Bug'
    if (cause instanceof Error && cause.stack !== undefined) this.stack = cause.stack
  }
}

interface Shape {
  name?: unknown
  code?: unknown
  message?: unknown
  cause?: unknown
  retriable?: unknown
  errorLabels?: unknown
  hasErrorLabel?: (label: string) => boolean
  errors?: unknown
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ESOCKETTIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED'
])

/** PostgreSQL's classes: 08 connection, 57P0x shutting down or starting, 53 out of resources. */
const postgresUnreachable = /^(08...|57P0[1-5]|53...)$/
/** Serialization failure, deadlock, lock not available, statement cancelled, idle transaction ended, read-only after a failover. */
const postgresTransient = new Set(['40001', '40P01', '55P03', '57014', '25P03', '25P04', '25006'])

const mongoUnreachableNames = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoPoolClearedError',
  'MongoPoolClosedError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoWaitQueueTimeoutError',
  'MongoServerClosedError',
  'PoolClearedOnNetworkError'
])
/** Host unreachable or unknown, shutting down, not primary, stepped down, interrupted. */
const mongoUnreachableCodes = new Set([6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436])
/** Write conflict, exceeded time limit, max time expired, lock time-out. */
const mongoTransientCodes = new Set([24, 50, 112, 202, 262])

const connectionMessages = [
  /^Connection terminated/i,
  /^timeout exceeded when trying to connect/i,
  /^Client has encountered a connection error/i,
  /^Connection is closed\.?$/,
  /^Command timed out$/,
  /^Stream isn't writeable/,
  /^Cannot use a pool after calling end/,
  /^connect ETIMEDOUT$/,
  /^fetch failed$/,
  /^Query read timeout$/
]

type Kind = 'unreachable' | 'transient' | undefined

function kindOf(thrown: Shape, depth: number): Kind {
  const name = typeof thrown.name === 'string' ? thrown.name : ''
  const code = thrown.code
  if (typeof code === 'string') {
    if (networkCodes.has(code) || postgresUnreachable.test(code)) return 'unreachable'
    if (postgresTransient.has(code)) return 'transient'
  }
  if (mongoUnreachableNames.has(name)) return 'unreachable'
  if (name.startsWith('Mongo')) {
    if (typeof code === 'number' && mongoUnreachableCodes.has(code)) return 'unreachable'
    if (typeof code === 'number' && mongoTransientCodes.has(code)) return 'transient'
    if (name === 'MongoOperationTimeoutError' || name === 'MongoWriteConcernError') return 'transient'
    const labelled = (label: string): boolean => thrown.hasErrorLabel?.(label) === true
    if (labelled('RetryableWriteError') || labelled('TransientTransactionError')) return 'transient'
  }
  if (name.startsWith('KafkaJS')) {
    if (/Connection|Broker|NumberOfRetriesExceeded|RequestTimeout|Coordinator|Timeout/.test(name)) return 'unreachable'
    if (thrown.retriable === true) return 'transient'
  }
  if (name === 'MaxRetriesPerRequestError' || name === 'ClusterAllFailedError') return 'unreachable'
  if (name === 'TimeoutError' || name === 'AbortError') return 'transient'
  if (typeof thrown.message === 'string') {
    const message = thrown.message
    if (connectionMessages.some((pattern) => pattern.test(message))) return 'unreachable'
  }
  if (depth > 0) {
    const inner =
      Array.isArray(thrown.errors) && thrown.errors.length > 0 ? (thrown.errors[0] as unknown) : thrown.cause
    if (typeof inner === 'object' && inner !== null) return kindOf(inner, depth - 1)
  }
  return undefined
}

/** Turns anything thrown into one of the three kinds. Total: it never throws and has no fourth answer. */
export function toFailure(thrown: unknown): Refusal | Fault | Bug {
  if (thrown instanceof Refusal || thrown instanceof Fault || thrown instanceof Bug) return thrown
  if (typeof thrown !== 'object' || thrown === null) return new Bug(thrown)
  const kind = kindOf(thrown, 3)
  if (kind === undefined) return new Bug(thrown)
  const shape = thrown as Shape
  const message =
    typeof shape.message === 'string' && shape.message !== '' ? shape.message : String(shape.code ?? shape.name)
  return new Fault(message, { cause: thrown, unreachable: kind === 'unreachable' })
}

/** RFC 9457. */
export interface ProblemDocument {
  type: string
  title: string
  status: number
  code: ErrorCode
  detail?: string
  instance?: string
  [member: string]: unknown
}

const documentOf = (
  code: ErrorCode,
  details: Record<string, unknown>,
  instance: string | undefined
): { status: number; body: ProblemDocument } => {
  const { status, title } = errors[code]
  const body: ProblemDocument = { ...details, type: `https://gavel.dev/problems/${code}`, title, status, code }
  if (instance !== undefined) body.instance = instance
  return { status, body }
}

/** The answer for anything thrown. Faults and Bugs tell the caller nothing of what is inside. */
export function toProblem(thrown: unknown, instance?: string): { status: number; body: ProblemDocument } {
  const failure = toFailure(thrown)
  if (failure instanceof Refusal) return documentOf(failure.code, failure.details, instance)
  return documentOf(failure instanceof Fault ? 'UNAVAILABLE' : 'INTERNAL', {}, instance)
}
