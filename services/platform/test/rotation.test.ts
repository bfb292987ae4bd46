import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { MongoClient } from 'mongodb'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mongoConfig, postgresConfig, readConfig, redisConfig, secret } from '@gavel/platform/config.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createMailTransport } from '@gavel/platform/mail.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createRedis } from '@gavel/platform/redis/client.ts'
import { followSecrets } from '@gavel/platform/secrets.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import { backends } from '../../../test/support/backends.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { CuttableProxy } from './support/proxy.ts'

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

  it('MongoDB: a connection that is lost is made again with the new one, and the old one opens no more', async () => {
    const { hostname, port } = new URL(backends().mongodb)
    const admin = new MongoClient(backends().mongodb)
    const database = `rotation_${randomBytes(4).toString('hex')}`
    const [first, second] = [password(), password()]
    const roles = [{ role: 'readWrite', db: database }]
    await admin.db(database).command({ createUser: 'app', pwd: first, roles })
    const proxy = new CuttableProxy({ host: hostname, port: Number(port) })
    await proxy.open()
    released.push(
      () => admin.close(),
      () => admin.db(database).command({ dropUser: 'app' }),
      () => proxy.cut()
    )
    const url = (of: string): string =>
      `mongodb://app:${of}@127.0.0.1:${proxy.port}/?authSource=${database}&directConnection=true`
    const file = swap('mongodb', first)
    const env = { MONGODB_URL_FILE: file, MONGODB_URL_TEMPLATE: url('$(SECRET)'), MONGODB_DATABASE: database }
    const { db } = await createMongo(mongoConfig(env), context)
    follow()
    await db.command({ ping: 1 })
    await admin.db(database).command({ updateUser: 'app', pwd: second, roles })
    swap('mongodb', second)
    await eventually(() => lines.some((line) => line.includes('A secret has a new value')))
    await proxy.cut()
    await proxy.open()
    await eventually(async () => (await db.command({ ping: 1 }))['ok'] === 1)
    await expect(new MongoClient(url(first)).connect()).rejects.toThrow('Authentication failed')
    expect(lines.join('')).not.toContain(second)
  })

  it('mail: the next one goes to the server that is named now', async () => {
    const heard: string[] = []
    const server = async (name: string): Promise<string> => {
      const smtp = new SMTPServer({
        disabledCommands: ['AUTH', 'STARTTLS'],
        onData(stream, _session, done) {
          stream.on('end', () => {
            heard.push(name)
            done()
          })
          stream.resume()
        }
      })
      await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
      released.push(() => new Promise<void>((resolve) => smtp.close(resolve)))
      return `smtp://127.0.0.1:${(smtp.server.address() as { port: number }).port}`
    }
    const file = swap('smtp', await server('first'))
    const { SMTP_URL: smtpUrl } = readConfig({ SMTP_URL_FILE: file }, { SMTP_URL: secret() })
    const transport = createMailTransport({ smtpUrl, from: 'Gavel <gavel@localhost>' })
    context.closers.add('mail', () => transport.close())
    follow()
    const mail = { to: { name: 'Anna', address: 'anna@example.org' }, kind: 'test', subject: 'A', text: 'a' }
    await transport.send(mail)
    swap('smtp', await server('second'))
    await eventually(() => lines.some((line) => line.includes('A secret has a new value')))
    await transport.send(mail)
    expect(heard).toEqual(['first', 'second'])
  })

  it('a part of a value, such as a password, finds its place in the template each time', async () => {
    const file = swap('password', 'first-$&-password')
    const env = { POSTGRES_URL_FILE: file, POSTGRES_URL_TEMPLATE: 'postgres://gavel:$(SECRET)@db/order?x=$(SECRET)' }
    const { url } = postgresConfig(env)
    expect(url.reveal()).toBe('postgres://gavel:first-$&-password@db/order?x=first-$&-password')
    follow()
    swap('password', 'second-password')
    await eventually(() => url.reveal() === 'postgres://gavel:second-password@db/order?x=second-password')
    context.log.info('It said second-password and first-$&-password')
    expect(lines.join('')).not.toMatch(/second-password|first-\$&-password/)
  })
})
