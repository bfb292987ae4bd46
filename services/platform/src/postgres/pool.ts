import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import type { Secret } from '../config.ts'
import { gauge } from '../metrics.ts'
import type { ServiceContext } from '../service.ts'
import { loadPg } from './driver.ts'

export type { Pool, PoolClient } from 'pg'
export { migrate } from './migrate.ts'

/** A pool, or the one connection that a transaction runs on. */
export type Queryable = Pool | PoolClient

export interface PoolConfig {
  url: Secret
  poolMax?: number
  statementTimeoutMs?: number
}

/** Connections are had on use: the process starts without the database and says so in `/readyz`. */
export function createPool(config: PoolConfig, context: ServiceContext, name = 'postgres'): Pool {
  const { Pool } = loadPg()
  const pool = new Pool({
    connectionString: config.url.reveal(),
    max: config.poolMax ?? 10,
    application_name: context.name,
    connectionTimeoutMillis: 3000,
    idleTimeoutMillis: 30_000,
    statement_timeout: config.statementTimeoutMs ?? 10_000,
    // The client's own limit, where the server does not answer at all.
    query_timeout: (config.statementTimeoutMs ?? 10_000) + 5000,
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true
  })
  followRotation(pool, config.url)
  // An idle connection that breaks is replaced on next use; without a listener it would end the process.
  pool.on('error', (error) => context.log.debug({ error }, 'An idle database connection broke'))
  context.health.add(name, async () => void (await pool.query('select 1')))
  context.closers.add(name, async () => await pool.end(), 'pools')
  gauge(context.metrics, {
    name: 'postgres_pool_connections',
    help: 'Connections of the pool by state.',
    labelNames: ['state'],
    collect() {
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
      this.set({ state: 'waited-for' }, pool.waitingCount)
    }
  })
  return pool
}

/** After a rotation every connection is made anew: those that nobody uses at once, the others when they are given back. */
function followRotation(pool: Pool, url: Secret): void {
  let generation = 0
  const born = new WeakMap<PoolClient, number>()
  const renewIdle = async (): Promise<void> => {
    const idle = await Promise.all(
      Array.from({ length: pool.idleCount }, async () => await pool.connect().catch(() => undefined))
    )
    for (const client of idle) client?.release(born.get(client) !== generation)
  }
  pool.on('connect', (client) => born.set(client, generation))
  pool.on('release', (_error, client) => {
    if (born.get(client) !== generation) setImmediate(() => void renewIdle())
  })
  url.onRotated((value) => {
    generation += 1
    // The pool reads its options for each connection that it makes.
    pool.options.connectionString = value
    void renewIdle()
  })
}

/** Serialization failure and deadlock: the database asks for the same transaction once more. */
const repeatable = new Set(['40001', '40P01'])
const ATTEMPTS = 3

/** The one place that begins, commits and rolls back. `work` may run up to three times, so it has effects in the database only. */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(pool, work)
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (attempt >= ATTEMPTS || typeof code !== 'string' || !repeatable.has(code)) throw error
      await delay(Math.random() * 20 * attempt)
    }
  }
}

async function once<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  // A connection that breaks between two statements emits an error; the next statement reports it.
  const onError = (error: Error): void => {
    broken = error
  }
  client.on('error', onError)
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((failed: Error) => {
      broken ??= failed
    })
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}
