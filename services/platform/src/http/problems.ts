import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors, type ErrorCode } from '@gavel/contracts/errors.ts'
import { Bug, Refusal, toFailure, toProblem } from '../errors.ts'
import { createLogLimit } from '../log.ts'
import type { ServiceContext } from '../service.ts'
import { explain } from '../schema.ts'
import { partNames } from './validation.ts'

/** Every error answer is a problem document (RFC 9457), those of the framework and of Node's HTTP parser too. */

export const problemType = 'application/problem+json; charset=utf-8'

/** fastify's own errors as refusals; anything else as it was. */
function translated(thrown: unknown, request: FastifyRequest): unknown {
  if (typeof thrown !== 'object' || thrown === null) return thrown
  const error = thrown as Partial<FastifyError>
  if (error.validation)
    return new Refusal(
      'INVALID_INPUT',
      explain(error.validation, partNames[error.validationContext ?? 'body'] ?? 'request')
    )
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Refusal('BODY_TOO_LARGE')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Refusal('UNSUPPORTED_MEDIA_TYPE')
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new Refusal('MALFORMED_JSON')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Refusal('INVALID_INPUT', { detail: 'The body has not the length that content-length tells' })
    case 'FST_ERR_BAD_URL':
      return new Refusal('INVALID_INPUT', { detail: 'The address is not valid' })
    case 'ECONNRESET':
      // The caller went away, or was cut off for being slow, in the middle of its body: nobody reads this answer.
      return request.raw.destroyed || request.raw.readableAborted ? new Refusal('REQUEST_TIMEOUT') : thrown
    default:
      return thrown instanceof SyntaxError && error.statusCode === 400 ? new Refusal('MALFORMED_JSON') : thrown
  }
}

const pathOf = (request: FastifyRequest): string => {
  const end = request.url.indexOf('?')
  return (end < 0 ? request.url : request.url.slice(0, end)).slice(0, 300)
}

/** On every answer. Pages are served by others; what comes from here is data for one caller. */
export function setCommonHeaders(reply: FastifyReply): void {
  // Not on the raw response: Node writes a head slower where headers came one by one.
  void reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, thrown: unknown): FastifyReply {
  const { status, body } = toProblem(thrown, pathOf(request))
  // Here too, because an address that cannot be read comes here before any hook.
  setCommonHeaders(reply)
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="gavel"')
  if (status === 503) void reply.header('retry-after', '1')
  const { retryAfterMs } = body
  if (typeof retryAfterMs === 'number')
    void reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))))
  return reply.code(status).header('content-type', problemType).send(JSON.stringify(body))
}

/** Of errors with their stacks; the rest are counted in the figures by status. */
const LINES_PER_SECOND = 10

export function answerProblems(app: FastifyInstance, context: ServiceContext): void {
  const limit = createLogLimit(LINES_PER_SECOND)
  app.setErrorHandler((thrown, request, reply) => {
    const failure = toFailure(translated(thrown, request))
    const leftOut = failure instanceof Refusal ? undefined : limit()
    if (leftOut !== undefined) {
      const about = { method: request.method, path: pathOf(request), requestId: request.id, leftOut }
      if (failure instanceof Bug)
        context.log.error({ error: failure.cause, ...about }, 'A request failed by our own mistake')
      else context.log.warn({ error: failure, ...about }, 'A request failed because a part did not answer')
    }
    return sendProblem(reply, request, failure)
  })
}

interface KnownRoute {
  method: string
  path: RegExp
}

const asPattern = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:[^/]+/g, '[^/]+')
      .replace(/\*/g, '.*')}/?$`
  )

/** 404, or 405 with `allow` where the address exists for other methods. */
export function answerUnknownRoutes(app: FastifyInstance, count: (reply: FastifyReply) => void): void {
  const known: KnownRoute[] = []
  app.addHook('onRoute', ({ method, path }) => {
    for (const one of Array.isArray(method) ? method : [method]) known.push({ method: one, path: asPattern(path) })
  })
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const methods = [...new Set(known.filter((route) => route.path.test(path)).map((route) => route.method))]
    if (methods.length > 0) void reply.header('allow', methods.join(', '))
    const refusal =
      methods.length === 0 ? new Refusal('NOT_FOUND') : new Refusal('METHOD_NOT_ALLOWED', { allowed: methods })
    sendProblem(reply, request, refusal)
    count(reply)
    return reply
  })
}

const parserProblems: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'BODY_TOO_LARGE'
}

/** What Node refuses before a request exists: slow or broken requests, headers that are too long. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const code = parserProblems[error.code ?? ''] ?? 'INVALID_INPUT'
  const detail =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'The headers are too long'
      : code === 'INVALID_INPUT'
        ? 'This is not a valid HTTP request'
        : undefined
  const { status, body } = toProblem(new Refusal(code, detail === undefined ? {} : { detail }))
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? errors[code].title}\r\ncontent-type: ${problemType}\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`
  )
  // A caller that goes on sending and never reads must not keep the socket.
  setTimeout(() => socket.destroy(), 1000).unref()
}
