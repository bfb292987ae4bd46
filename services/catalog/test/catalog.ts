import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { SignJWT, type JSONWebKeySet } from 'jose'
import type { Pool } from 'pg'
import { Secret } from '@gavel/platform/config.ts'
import { createAuthenticator } from '@gavel/platform/http/auth.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createRedis } from '@gavel/platform/redis/client.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { buildApp, createDependencies } from '../src/app.ts'
import type { Dependencies } from '../src/dependencies.ts'
import { catalogConfig } from '../src/config.ts'
import { freshPostgres, freshRedis } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'

export interface Answer {
  status: number
  headers: Record<string, unknown>
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks at whatever came.
  body: any
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface Process {
  app: FastifyInstance
  context: ServiceContext
  dependencies: Dependencies
  pool: Pool
  redis: Redis
  /** As the admin, unless told otherwise. */
  call: (method: Method, url: string, body?: unknown, as?: Caller) => Promise<Answer>
}

export type Caller = 'admin' | 'bidder' | 'nobody'

const issuer = 'https://gavel.dev'
const audience = 'gavel'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')

const tokenFor = async (role: 'admin' | 'bidder'): Promise<string> =>
  await new SignJWT({ role, email: `${role}@example.org` })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'test' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(`the-${role}`)
    .setIssuedAt()
    .setExpirationTime('1h')
    .setJti(randomUUID())
    .sign(privateKey)

/** catalog on a database of its own, with as many processes as a test starts. */
export async function aCatalog() {
  const database = await freshPostgres('catalog')
  const cache = freshRedis('catalog')
  const lines: string[] = []
  const contexts: ServiceContext[] = []
  const tokens = { admin: await tokenFor('admin'), bidder: await tokenFor('bidder') }

  const start = async (redisUrl = cache.url, { eventlogUrl = 'http://127.0.0.1:1' } = {}): Promise<Process> => {
    const config = catalogConfig({
      POSTGRES_URL: database.url,
      POSTGRES_POOL_MAX: '5',
      REDIS_URL: redisUrl,
      REDIS_KEY_PREFIX: cache.keyPrefix,
      KAFKA_BROKERS: 'not-used:9092',
      JWKS_URL: 'http://not-used/jwks.json',
      EVENTLOG_URL: eventlogUrl,
      REBUILD_PATIENCE_MS: '20000'
    })
    const log = createLog({
      service: 'catalog',
      level: 'debug',
      destination: { write: (line) => void lines.push(line) }
    })
    const context = createContext({ name: 'catalog', log })
    contexts.push(context)
    const pool = createPool(config.postgres, context)
    const redis = createRedis({ url: new Secret(redisUrl), keyPrefix: cache.keyPrefix }, context)
    const dependencies = createDependencies(context, pool, redis, config)
    const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'EdDSA' }] } as JSONWebKeySet
    const app = buildApp(dependencies, config, createAuthenticator({ keys, issuer, audience }))
    await app.ready()
    const call: Process['call'] = async (method, url, body, as = 'admin') => {
      const headers = as === 'nobody' ? {} : { authorization: `Bearer ${tokens[as]}` }
      const response = await app.inject({
        method,
        url,
        headers,
        ...(body === undefined ? {} : { payload: body as object })
      })
      return {
        status: response.statusCode,
        headers: response.headers,
        body: response.body === '' ? undefined : response.json()
      }
    }
    return { app, context, dependencies, pool, redis, call }
  }

  return {
    url: database.url,
    redis: cache,
    logged: () => lines.join(''),
    start,
    release: async () => {
      for (const context of contexts) await context.closers.closeAll(10_000)
      await cache.release()
      await database.release()
    }
  }
}

export type Catalog = Awaited<ReturnType<typeof aCatalog>>

/** Ready to take commands: before that, every one fails at once, as it should. */
export const connected = async ({ redis }: Process): Promise<void> =>
  void (await eventually(() => redis.status === 'ready', { what: 'the connection to Redis' }))

export async function outboxOf(pool: Pool, key: string): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const { rows } = await pool.query('select value, headers from outbox where key = $1 order by id', [key])
  return rows.map(({ value, headers }) => ({ type: headers.ce_type, data: JSON.parse(value) }))
}

/** A way to a Redis that can be cut and mended. */
export async function aBreakableRoute(target: string) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connect({ host: hostname, port: Number(port) })
    for (const each of [socket, onward]) {
      sockets.add(each)
      each.on('error', () => undefined)
      each.on('close', () => {
        sockets.delete(each)
        socket.destroy()
        onward.destroy()
      })
    }
    socket.pipe(onward).pipe(socket)
  })
  const listen = async (at: number): Promise<void> =>
    await new Promise((resolve) => server.listen(at, '127.0.0.1', resolve))
  await listen(0)
  const at = (server.address() as { port: number }).port
  const cut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { url: `redis://127.0.0.1:${at}`, cut, mend: async () => await listen(at) }
}
