import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { TokenPair } from '@gavel/contracts/api/identity.ts'
import { Secret } from '@gavel/platform/config.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { buildApp, createDependencies } from '../src/app.ts'
import type { Dependencies } from '../src/dependencies.ts'
import { identityConfig, type Config } from '../src/config.ts'
import { ensureFirstAdmin } from '../src/first-admin.ts'
import { freshPostgres } from '../../../test/support/database.ts'

export const encryptionKey = randomBytes(32).toString('base64')
export const goodPassword = 'a long walk home'
export const adminPassword = 'the keys of the house'

/** One clock for all processes of a test; it stands still until moved. */
export interface TestClock {
  now: number
}

export interface Process {
  app: FastifyInstance
  context: ServiceContext
  pool: Pool
  dependencies: Dependencies
  config: Config
  post: (url: string, body?: unknown, token?: string) => Promise<Answer>
  get: (url: string, token?: string) => Promise<Answer>
  stop: () => Promise<void>
}

export interface Answer {
  status: number
  headers: Record<string, unknown>
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks at whatever came.
  body: any
}

export interface Identity {
  url: string
  clock: TestClock
  /** Everything any of its processes logged. */
  logged: () => string
  /** Another process on the same database. */
  start: (environment?: Record<string, string>) => Promise<Process>
  release: () => Promise<void>
}

const answerOf = (response: { statusCode: number; headers: object; body: string }): Answer => ({
  status: response.statusCode,
  headers: { ...response.headers },
  body: response.body === '' ? undefined : JSON.parse(response.body)
})

const authorization = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

/** identity on a database of its own, with as many processes as a test starts. */
export async function anIdentity(environment: Record<string, string> = {}): Promise<Identity> {
  const database = await freshPostgres('identity')
  const clock: TestClock = { now: Date.now() }
  const lines: string[] = []
  const running: Process[] = []

  const start = async (more: Record<string, string> = {}): Promise<Process> => {
    const config = identityConfig({
      POSTGRES_URL: database.url,
      KAFKA_BROKERS: 'not-used:9092',
      KEY_ENCRYPTION_KEY: encryptionKey,
      POSTGRES_POOL_MAX: '5',
      // Whatever else this machine does.
      PASSWORD_WAIT_MAX_MS: '100000',
      // All of a test comes from one address.
      ADDRESS_FAILURES_FREE: '100000',
      ...environment,
      ...more
    })
    const log = createLog({
      service: 'identity',
      level: 'debug',
      destination: { write: (line) => void lines.push(line) }
    })
    const context = createContext({ name: 'identity', log, clock: () => clock.now })
    const pool = createPool(config.postgres, context)
    const stop = async (): Promise<void> => {
      running.splice(running.indexOf(process), 1)
      await context.closers.closeAll(10_000)
    }
    const process = { context, pool, config, stop } as Process
    running.push(process)
    const dependencies = await createDependencies(context, config, pool)
    await dependencies.keys.rotate(clock.now)
    const app = buildApp(dependencies, config)
    await app.ready()
    return Object.assign(process, {
      app,
      dependencies,
      post: async (url: string, body?: unknown, token?: string) =>
        answerOf(
          await app.inject({
            method: 'POST',
            url,
            headers: authorization(token),
            ...(body === undefined ? {} : { payload: body as object })
          })
        ),
      get: async (url: string, token?: string) =>
        answerOf(await app.inject({ method: 'GET', url, headers: authorization(token) }))
    })
  }

  return {
    url: database.url,
    clock,
    logged: () => lines.join(''),
    start,
    release: async () => {
      while (running[0]) await running[0].stop()
      await database.release()
    }
  }
}

export const anEmail = (): string => `${randomUUID()}@example.org`

export async function registered(process: Process, email = anEmail()): Promise<TokenPair> {
  const answer = await process.post('/api/auth/register', { email, password: goodPassword, displayName: 'Ada' })
  if (answer.status !== 201) throw new Error(`Registering failed: ${JSON.stringify(answer.body)}`)
  return answer.body as TokenPair
}

export async function signedInAdmin(process: Process, email = 'admin@example.org'): Promise<TokenPair> {
  await ensureFirstAdmin(process.dependencies, { email: new Secret(email), password: new Secret(adminPassword) })
  const answer = await process.post('/api/auth/login', { email, password: adminPassword })
  if (answer.status !== 200) throw new Error(`Signing in failed: ${JSON.stringify(answer.body)}`)
  return answer.body as TokenPair
}

/** All rows of a table as text. */
export async function dump(pool: Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ row: string }>(`select t::text as row from ${table} t`)
  return rows.map(({ row }) => row).join('\n')
}

export async function count(pool: Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(`select count(*) as count from ${table}`)
  return Number(rows[0]?.count)
}
