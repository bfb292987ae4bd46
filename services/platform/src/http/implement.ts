import type { FastifyInstance, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { isAudited, type Operation, type Role } from '@gavel/contracts/define.ts'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import type { AuditTrail } from '../audit/trail.ts'
import { Refusal } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ServiceContext } from '../service.ts'
import { nameRequest, withTraceparent } from '../telemetry.ts'
import { audited } from './audited.ts'
import type { WebSockets } from './web-socket.ts'
import { bearerToken, type Authenticator, type User } from './auth.ts'
import { takeUploads } from './upload.ts'

/** What `createServer` leaves on the instance for the operations that are implemented on it. */
export interface ServerParts {
  /** Origins whose pages may open WebSockets. */
  origins: readonly string[]
  webSockets: WebSockets
  context: ServiceContext
  auth: Authenticator
  /** Missing only where no operation is audited. */
  audit?: AuditTrail
}

declare module 'fastify' {
  interface FastifyInstance {
    parts: ServerParts
  }
  interface FastifyRequest {
    user: User | undefined
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- the only type that every operation's own types fit.
export type AnyOperation = Operation<any, any, any, any, any>

type StaticOf<Schema> = Schema extends TSchema ? Static<Schema> : undefined
type ParamsOf<O> = O extends Operation<infer Params, infer _Q, infer _B, infer _R, infer _C> ? StaticOf<Params> : never
type QueryOf<O> = O extends Operation<infer _P, infer Query, infer _B, infer _R, infer _C> ? StaticOf<Query> : never
type BodyOf<O> = O extends Operation<infer _P, infer _Q, infer Body, infer _R, infer _C> ? StaticOf<Body> : never
type ResponsesOf<O> = O extends Operation<infer _P, infer _Q, infer _B, infer Responses, infer _C> ? Responses : never
type CallerOf<O> = O extends Operation<infer _P, infer _Q, infer _B, infer _R, infer Caller> ? Caller : never

export interface HandlerInput<O> {
  params: ParamsOf<O>
  query: QueryOf<O>
  body: BodyOf<O>
  /** The caller; undefined only on public operations. */
  user: 'public' extends CallerOf<O> ? User | undefined : User
  request: FastifyRequest
  log: Logger
  /** Milliseconds since the Unix epoch, from the context's clock. */
  now: number
}

type Headers = Record<string, string>

/** One of the operation's responses. */
export type HandlerOutput<O> = {
  [Status in keyof ResponsesOf<O> & number]: ResponsesOf<O>[Status] extends TSchema
    ? { status: Status; body: Static<ResponsesOf<O>[Status]>; headers?: Headers }
    : { status: Status; body?: null | undefined; headers?: Headers }
}[keyof ResponsesOf<O> & number]

export type Handler<O> = (input: HandlerInput<O>) => Promise<HandlerOutput<O>>

/** `reply(201, body)` for `{ status: 201, body }`. */
export const reply = <const Status extends number, Body = undefined>(
  status: Status,
  body?: Body,
  headers?: Headers
): { status: Status; body: Body; headers?: Headers } =>
  headers === undefined ? { status, body: body as Body } : { status, body: body as Body, headers }

export const mayCall = (user: User, role: Role): boolean => role !== 'admin' || user.role === 'admin'

const usualPrefix = 'Bearer '

/** Who calls, and may he. A public operation needs no token, but a wrong one is refused there too: its owner should know. */
export function guard(auth: Authenticator, role: Role): onRequestHookHandler {
  return (request, _reply, done) => {
    const header = request.headers.authorization
    if (header === undefined) {
      done(role === 'public' ? undefined : new Refusal('UNAUTHENTICATED'))
      return
    }
    const admit = (user: User): void => {
      request.user = user
      done(mayCall(user, role) ? undefined : new Refusal('FORBIDDEN', { needed: role }))
    }
    // What was verified before was well formed, so its form is looked at only where it was not.
    const known = header.startsWith(usualPrefix) ? auth.verified?.(header.slice(usualPrefix.length)) : undefined
    if (known) {
      admit(known)
      return
    }
    const token = bearerToken(header)
    if (token === undefined) {
      done(new Refusal('UNAUTHENTICATED', { detail: 'The authorization header must be: Bearer <access token>' }))
      return
    }
    auth.verify(token).then(admit, done)
  }
}

/** The handler's one argument. A class, because most handlers never ask for the log and it is made only then. */
class Input {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly user: User | undefined
  readonly request: FastifyRequest
  readonly now: number
  readonly #log: Logger

  constructor(request: FastifyRequest, context: ServiceContext) {
    this.params = request.params
    this.query = request.query
    this.body = request.body
    this.user = request.user
    this.request = request
    this.now = context.clock()
    this.#log = context.log
  }

  get log(): Logger {
    return this.#log.child({ requestId: this.request.id })
  }
}

function schemaOf(operation: AnyOperation): Record<string, unknown> {
  const schema: Record<string, unknown> = { operationId: operation.id }
  if (operation.params) schema.params = plainSchema(operation.params)
  if (operation.query) schema.querystring = plainSchema(operation.query)
  if (operation.body) schema.body = plainSchema(operation.body)
  schema.response = Object.fromEntries(
    Object.entries(operation.responses as Record<string, TSchema | null>).flatMap(([status, response]) =>
      response === null ? [] : [[status, plainSchema(response)]]
    )
  )
  return schema
}

/** A query that no schema describes is refused as any other unknown member is. */
const noQuery = { type: 'object', additionalProperties: false, properties: {} }

/** Serves one operation of the contract: role, validation, audit, problem documents and the response's form come from there. */
export function implement<O extends AnyOperation>(
  app: FastifyInstance,
  operation: O,
  handler: Handler<NoInfer<O>>
): void {
  const { context, auth } = app.parts
  const plain = handler as unknown as (input: Input) => Promise<Answer>
  const handle = isAudited(operation) ? audited(app.parts, operation, plain) : plain
  const schema = schemaOf(operation)
  schema.querystring ??= noQuery
  const options: RouteOptions = {
    method: operation.method,
    url: operation.path,
    schema,
    onRequest: guard(auth, operation.role as Role),
    handler: async (request, response) => {
      nameRequest(operation.method, operation.path)
      const input = new Input(request, context)
      const traceparent = request.headers.traceparent
      const answer =
        typeof traceparent === 'string' ? await withTraceparent(traceparent, () => handle(input)) : await handle(input)
      if (answer.headers) void response.headers(answer.headers)
      // Said in time, a client opens its next connection elsewhere instead of meeting a closed one.
      if (context.signal.aborted) void response.header('connection', 'close')
      void response.code(answer.status)
      if (answer.body === undefined || answer.body === null) return response.send()
      return answer.body
    }
  }
  const { upload } = operation as Operation
  if (upload) void app.register(async (scope) => takeUploads(scope, upload).route(options))
  else app.route(options)
}

interface Answer {
  status: number
  body?: unknown
  headers?: Headers
}

type HandlersOf<Api> = { [Name in keyof Api as Api[Name] extends AnyOperation ? Name : never]: Handler<Api[Name]> }

const isOperation = (value: unknown): value is AnyOperation =>
  typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'responses' in value

/** Serves every operation of a contract's module. One without a handler does not type-check. */
export function implementAll<Api extends object>(app: FastifyInstance, api: Api, handlers: HandlersOf<Api>): void {
  for (const [name, operation] of Object.entries(api)) {
    if (!isOperation(operation)) continue
    const handler = (handlers as unknown as Record<string, Handler<AnyOperation> | undefined>)[name]
    if (!handler) throw new TypeError(`The operation ${name} has no handler`)
    implement(app, operation, handler)
  }
}
