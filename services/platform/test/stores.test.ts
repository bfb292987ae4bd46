import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '@gavel/platform/config.ts'
import { Fault, toFailure } from '@gavel/platform/errors.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createRedis, type Redis } from '@gavel/platform/redis/client.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { backends } from '../../../test/support/backends.ts'
import { freshMongodb, freshPostgres, freshRedis } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { CuttableProxy } from './support/proxy.ts'

const aContext = (): ServiceContext =>
  createContext({ name: 'platform', log: createLog({ service: 'platform', level: 'silent' }) })

const target = (url: string): { host: string; port: number } => {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
const through = (url: string, port: number): string => {
  const diverted = new URL(url)
  diverted.host = `127.0.0.1:${port}`
  return diverted.href
}

describe('Redis', () => {
  const context = aContext()
  const fresh = freshRedis('platform')
  const proxy = new CuttableProxy(target(fresh.url))
  let redis: Redis

  beforeAll(async () => {
    await proxy.open()
    redis = createRedis({ url: new Secret(through(fresh.url, proxy.port)), keyPrefix: fresh.keyPrefix }, context)
    await eventually(() => redis.status === 'ready')
  })

  afterAll(async () => {
    await context.closers.closeAll(10_000)
    await proxy.cut()
    await fresh.release()
  })

  it('that is away, or hangs, fails a command in bounded time, leaves the service ready, and comes back', async () => {
    expect(await redis.set('a', '1')).toBe('OK')
    proxy.stall()
    await expect(redis.get('a')).rejects.toThrow('Command timed out')
    await proxy.cut()
    await expect(redis.get('a')).rejects.toThrow(/closed|writeable|max retries/i)
    expect(await context.health.read()).toMatchObject({ status: 'ready', parts: { redis: { status: 'down' } } })
    await proxy.open()
    await eventually(() => redis.status === 'ready')
    expect(await redis.get('a')).toBe('1')
  })
})

describe('MongoDB', () => {
  it('waits for the journal of a majority at each write, and is told as down when it is away', async () => {
    const context = aContext()
    const fresh = freshMongodb('platform')
    const { client, db } = await createMongo({ url: new Secret(fresh.url), database: fresh.database }, context)
    expect(client.options.writeConcern).toMatchObject({ w: 'majority', journal: true })
    await db.collection('things').insertOne({ a: 1 })
    expect(await context.health.read()).toMatchObject({ status: 'ready', parts: { mongodb: { status: 'up' } } })
    await context.closers.closeAll(10_000)
    await fresh.release()

    const lost = aContext()
    const away = await createMongo(
      { url: new Secret('mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300'), database: 'x' },
      lost
    )
    expect(await lost.health.read()).toMatchObject({ status: 'not-ready', parts: { mongodb: { status: 'down' } } })
    const failure = toFailure(
      await away.db
        .collection('things')
        .insertOne({ a: 1 })
        .catch((error: unknown) => error)
    )
    expect(failure).toBeInstanceOf(Fault)
    expect(failure).toMatchObject({ unreachable: true })
    await lost.closers.closeAll(10_000)
  })
})

describe('PostgreSQL', () => {
  it('is down while it is away, what meets it is a Fault, and it is back without a restart', async () => {
    const fresh = await freshPostgres()
    const proxy = new CuttableProxy(target(backends().postgres))
    await proxy.open()
    const context = aContext()
    const pool = createPool({ url: new Secret(through(fresh.url, proxy.port)), poolMax: 3 }, context)
    expect((await pool.query<{ n: number }>('select 9007199254740991::bigint as n')).rows[0]!.n).toBe(
      Number.MAX_SAFE_INTEGER
    )
    await proxy.cut()
    await eventually(async () => (await context.health.read()).status === 'not-ready')
    const failure = toFailure(await pool.query('select 1').catch((error: unknown) => error))
    expect(failure).toMatchObject({ name: 'Fault', unreachable: true })
    await proxy.open()
    await eventually(async () => (await context.health.read()).status === 'ready')
    await context.closers.closeAll(10_000)
    await proxy.cut()
    await fresh.release()
  })

  it('cuts a statement that takes too long', async () => {
    const fresh = await freshPostgres()
    const context = aContext()
    const pool = createPool({ url: new Secret(fresh.url), statementTimeoutMs: 100 }, context)
    const failure = toFailure(await pool.query('select pg_sleep(30)').catch((error: unknown) => error))
    expect(failure).toMatchObject({ name: 'Fault', retryable: true, unreachable: false })
    await context.closers.closeAll(10_000)
    await fresh.release()
  })
})
