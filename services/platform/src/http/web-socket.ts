import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RawData, WebSocket } from 'ws'
import { bearerProtocolPrefix } from '@gavel/contracts/api/web-socket.ts'
import type { Role } from '@gavel/contracts/define.ts'
import { Fault, Refusal, toFailure } from '../errors.ts'
import type { Logger } from '../log.ts'
import { counter, gauge } from '../metrics.ts'
import { bearerToken, type User } from './auth.ts'
import { mayCall } from './implement.ts'

export interface WebSocketOptions {
  authenticate: 'required' | 'optional'
  /** Only callers of this role; any that is signed in where none is named. */
  role?: Role
  /** A longer message closes the connection (1009). At most what the server takes. */
  maxPayloadBytes?: number
  /** More than so many in a minute close the connection (4429). Bursts up to a sixth of it are let through. */
  messagesPerMinute?: number
  /** Origins whose pages may connect; those of the server where none are named. A client that is no browser sends none and may. */
  origins?: readonly string[]
  /** Connections of one process. */
  maxConnections?: number
  /** Bytes that may wait for a slow reader before it is cut off (4408). */
  maxBufferedBytes?: number
}

export interface WebSocketConnection {
  /** The caller; undefined only where authentication is optional. */
  user: User | undefined
  params: Record<string, string>
  query: Record<string, unknown>
  request: FastifyRequest
  log: Logger
  /** Sends one frame as JSON text. False where the reader is gone, or was cut off for being too slow. */
  send(frame: unknown): boolean
}

export type WebSocketHandler = (socket: WebSocket, connection: WebSocketConnection) => void | Promise<void>

/** Close codes of our own, in the range for applications. */
export const closeCodes = {
  tokenExpired: 4401,
  tooSlow: 4408,
  tooManyMessages: 4429,
  restarting: 1012,
  tooLarge: 1009,
  failed: 1011
} as const

const PING_MS = 30_000
/** The longest time-out Node has is 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A browser can set no header, so the token comes as a sub-protocol. */
function tokenOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const token = bearerToken(authorization)
    if (token === undefined) throw new Refusal('UNAUTHENTICATED')
    return token
  }
  const offered = String(request.headers['sec-websocket-protocol'] ?? '')
  const bearer = offered
    .split(',')
    .map((name) => name.trim())
    .find((name) => name.startsWith(bearerProtocolPrefix))
  return bearer?.slice(bearerProtocolPrefix.length)
}

function checkOrigin(request: FastifyRequest, origins: readonly string[]): void {
  const { origin, host } = request.headers
  if (origin === undefined || origins.length === 0) return
  const sameOrigin = URL.canParse(origin) && new URL(origin).host === host
  if (!sameOrigin && !origins.includes(origin))
    throw new Refusal('FORBIDDEN', { detail: 'Pages of this origin may not connect' })
}

function requireRole(user: User | undefined, role: Role): void {
  if (!user) throw new Refusal('UNAUTHENTICATED')
  if (!mayCall(user, role)) throw new Refusal('FORBIDDEN', { needed: role })
}

/** Opens a WebSocket at a path. Origin and token are checked before the upgrade, so a refusal is an ordinary problem document. */
export function webSocketRoute(
  app: FastifyInstance,
  path: string,
  options: WebSocketOptions,
  handler: WebSocketHandler
): void {
  const { context, auth } = app.parts
  const origins = options.origins ?? app.parts.origins
  const connections = gauge(context.metrics, {
    name: 'web_socket_connections',
    help: 'Open WebSockets.',
    labelNames: ['route']
  })
  const messages = counter(context.metrics, {
    name: 'web_socket_messages_total',
    help: 'Messages by direction.',
    labelNames: ['route', 'direction']
  })
  let open = 0

  app.parts.webSockets.add((scope) => {
    scope.route({
      method: 'GET',
      url: path,
      preValidation: async (request) => {
        checkOrigin(request, origins)
        if (open >= (options.maxConnections ?? 20_000)) throw new Fault('There are too many connections')
        const token = tokenOf(request)
        if (token !== undefined) request.user = await auth.verify(token)
        else if (options.authenticate === 'required') throw new Refusal('UNAUTHENTICATED')
        if (options.role !== undefined) requireRole(request.user, options.role)
      },
      handler: async () => {
        throw new Refusal('INVALID_INPUT', { detail: 'This address takes WebSocket connections only' })
      },
      wsHandler: (socket, request) => {
        open += 1
        connections.inc({ route: path })
        socket.once('close', () => {
          open -= 1
          connections.dec({ route: path })
        })
        const connection = connect(socket, request, {
          app,
          options,
          onSent: () => messages.inc({ route: path, direction: 'out' })
        })
        const perMinute = (): number =>
          context.settings.values.rateLimits?.webSocketMessagesPerMinute ?? options.messagesPerMinute ?? 600
        limitMessages(socket, { perMinute, maxPayloadBytes: options.maxPayloadBytes }, () =>
          messages.inc({ route: path, direction: 'in' })
        )
        void run(handler, socket, connection)
      }
    })
  })
}

async function run(handler: WebSocketHandler, socket: WebSocket, connection: WebSocketConnection): Promise<void> {
  try {
    await handler(socket, connection)
  } catch (error) {
    connection.log.error({ error: toFailure(error) }, 'A WebSocket failed')
    socket.close(closeCodes.failed, 'failed')
  }
}

interface ConnectOptions {
  app: FastifyInstance
  options: WebSocketOptions
  onSent: () => void
}

function connect(
  socket: WebSocket,
  request: FastifyRequest,
  { app, options, onSent }: ConnectOptions
): WebSocketConnection {
  const { context } = app.parts
  const log = context.log.child({ requestId: request.id })
  const { user } = request
  socket.on('error', (error: Error) => log.debug({ error }, 'A WebSocket broke'))
  keepAlive(socket)
  if (user) {
    const expiry = setTimeout(
      () => socket.close(closeCodes.tokenExpired, 'token expired'),
      Math.min(LONGEST_TIMER_MS, Math.max(0, user.expiresAt - context.clock()))
    )
    socket.once('close', () => clearTimeout(expiry))
  }
  const maxBufferedBytes = options.maxBufferedBytes ?? 1024 * 1024
  return {
    user,
    params: request.params as Record<string, string>,
    query: request.query as Record<string, unknown>,
    request,
    log,
    send(frame) {
      if (socket.readyState !== socket.OPEN) return false
      if (socket.bufferedAmount > maxBufferedBytes) {
        socket.close(closeCodes.tooSlow, 'reads too slowly')
        return false
      }
      socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
      onSent()
      return true
    }
  }
}

/** A peer that answers no ping until the next one is gone, whatever TCP believes. */
function keepAlive(socket: WebSocket): void {
  let answered = true
  socket.on('pong', () => {
    answered = true
  })
  const timer = setInterval(() => {
    if (!answered) {
      socket.terminate()
      return
    }
    answered = false
    socket.ping()
  }, PING_MS)
  socket.once('close', () => clearInterval(timer))
}

const bytesOf = (data: RawData): number =>
  Array.isArray(data) ? data.reduce((sum, part) => sum + part.byteLength, 0) : data.byteLength

interface MessageLimits {
  /** Asked at each message, because it may change while a connection lasts. */
  perMinute: () => number
  maxPayloadBytes: number | undefined
}

/** A bucket of tokens: a sixth of a minute's messages at once, refilled evenly. */
function limitMessages(socket: WebSocket, limits: MessageLimits, onMessage: () => void): void {
  let tokens = Math.max(1, limits.perMinute() / 6)
  let filledAt = performance.now()
  const admit = (data: RawData): boolean => {
    onMessage()
    const now = performance.now()
    const perMinute = limits.perMinute()
    const capacity = Math.max(1, perMinute / 6)
    tokens = Math.min(capacity, tokens + ((now - filledAt) / 60_000) * perMinute) - 1
    filledAt = now
    if (socket.readyState !== socket.OPEN) return false
    if (tokens < 0) {
      socket.close(closeCodes.tooManyMessages, 'too many messages')
      return false
    }
    if (limits.maxPayloadBytes !== undefined && bytesOf(data) > limits.maxPayloadBytes) {
      socket.close(closeCodes.tooLarge, 'too large')
      return false
    }
    return true
  }
  // Before any listener, so that a message over the limit reaches nobody.
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...rest: unknown[]) => boolean
  socket.emit = (event: string | symbol, ...rest: unknown[]) =>
    event === 'message' && !admit(rest[0] as RawData) ? false : emit(event, ...rest)
}

/** The routes of an app that are WebSockets. */
export interface WebSockets {
  add(define: (scope: FastifyInstance) => void): void
}

/**
 * The plugin has hooks for every request of its scope, so it gets a scope of its own, made with the first route: the others, hot ones
 * among them, pay nothing.
 */
export function createWebSockets(app: FastifyInstance, maxPayload: number): WebSockets {
  const routes: ((scope: FastifyInstance) => void)[] = []
  return {
    add(define) {
      routes.push(define)
      if (routes.length > 1) return
      void app.register(async (scope) => {
        await scope.register(websocket, {
          preClose: (done) => closeWebSockets(scope, done),
          options: {
            maxPayload,
            // Never the one that carries the token.
            handleProtocols: (offered: Set<string>) =>
              [...offered].find((name) => !name.startsWith(bearerProtocolPrefix)) ?? false
          }
        })
        for (const route of routes) route(scope)
      })
    }
  }
}

/** At the end of the process: clients are told to come again, and those that do not answer are cut off. */
function closeWebSockets(app: FastifyInstance, done: () => void): void {
  const { clients } = app.websocketServer
  for (const client of clients) client.close(closeCodes.restarting, 'restarting')
  const cutOff = setTimeout(() => {
    for (const client of clients) client.terminate()
  }, 2000)
  app.websocketServer.close(() => {
    clearTimeout(cutOff)
    done()
  })
}
