import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { postgresConfig, redisConfig } from '@gavel/platform/config.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createRedis } from '@gavel/platform/redis/client.ts'
import { followSecrets } from '@gavel/platform/secrets.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { backends } from '../../../test/support/backends.ts'
import { eventually } from '../../../test/support/eventually.ts'

/** A secret that is swapped in its file while a process uses it. */
let folder: string
let context: ServiceContext
let lines: string[]
const released: (() => Promise<unknown>)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-secret-'))
  lines = []
  const log = createLog({ service: 'x', level: 'debug', destination: { write: (line) => void lines.push(line) } })
  context = createContext({ name: 'rotation', log })
})
afterEach(async () => {
  await context.closers.closeAll(10_000)
  for (const release of released.splice(0).toReversed()) await release()
  rmSync(folder, { recursive: true, force: true })
})

const swap = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
  return file
}
const follow = (): void => {
  context.closers.add('secrets', followSecrets(context, { pollMs: 50 }).stop)
}
const password = (): string => randomBytes(12).toString('hex')

describe('a secret that is rotated while the process runs', () => {
  it('PostgreSQL: connections are made with the new one, and those with the old one go', async () => {
    const admin = new pg.Client({ connectionString: `${backends().postgres}/postgres` })
    await admin.connect()
    const [first, second] = ['one', 'two'].map((name) => `rotation_${name}_${randomBytes(4).toString('hex')}`)
    for (const user of [first, second]) await admin.query(`create role ${user} login`)
    released.push(
      () => admin.end(),
      async () => {
        for (const user of [first, second]) await admin.query(`drop role ${user}`)
      }
    )
    const { host } = new URL(backends().postgres)
    const secretOf = (user: string | undefined): string => `postgres://${user}:${password()}@${host}/postgres`
    const file = swap('url', secretOf(first))
    const pool = createPool(postgresConfig({ POSTGRES_URL_FILE: file }), context)
    follow()
    const user = async (): Promise<string> =>
      (await pool.query<{ user: string }>('select current_user as user')).rows[0]!.user
    expect(await Promise.all([user(), user(), user()])).toEqual([first, first, first])
    const held = await pool.connect()
    const rotated = secretOf(second)
    swap('url', rotated)
    await eventually(async () => (await user()) === second)
    held.release()
    const connections = async (of: string | undefined): Promise<number> =>
      (await admin.query('select 1 from pg_stat_activity where usename = $1', [of])).rows.length
    await eventually(async () => (await connections(first)) === 0)
    // What could not be a URL of a database changes nothing.
    swap('url', 'nonsense')
    await eventually(() => lines.some((line) => line.includes('changes nothing')))
    expect(await user()).toBe(second)
    expect(lines.join('')).toContain('A secret has a new value')
    for (const text of [rotated, new URL(rotated).password]) expect(lines.join('')).not.toContain(text)
  })

  it('Redis: a connection that is lost is made again with the new one', async () => {
    const admin = new Redis(backends().redis)
    const user = `rotation-${randomBytes(4).toString('hex')}`
    const [first, second] = [password(), password()]
    await admin.acl('SETUSER', user, 'on', `>${first}`, '~*', '+@all')
    released.push(
      async () => admin.disconnect(),
      () => admin.acl('DELUSER', user)
    )
    const { host } = new URL(backends().redis)
    const file = swap('redis', `redis://${user}:${first}@${host}`)
    const redis = createRedis(redisConfig({ REDIS_URL_FILE: file }), context)
    follow()
    await eventually(async () => (await redis.ping()) === 'PONG')
    await admin.acl('SETUSER', user, 'resetpass', `>${second}`)
    swap('redis', `redis://${user}:${second}@${host}`)
    await eventually(() => lines.some((line) => line.includes('A secret has a new value')))
    const id = await redis.client('ID')
    await admin.client('KILL', 'ID', String(id))
    await eventually(async () => (await redis.ping()) === 'PONG' && (await redis.client('ID')) !== id)
    expect(lines.join('')).not.toContain(second)
  })
})
