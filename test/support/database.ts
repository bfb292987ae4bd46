import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { allTopics, deadLetterTopic } from '@gavel/contracts/topics.ts'
import { consumerGroup, services } from '@gavel/contracts/services.ts'
import { createKafka, ensureTopics } from '@gavel/platform/kafka/client.ts'
import { createLog } from '@gavel/platform/log.ts'
import { migrate } from '@gavel/platform/postgres/migrate.ts'
import { createContext } from '@gavel/platform/service.ts'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import { MongoClient } from 'mongodb'
import pg from 'pg'
import { backends } from './backends.ts'

/** Something of a test's own on a shared backend. Release it with `await using`, or in `afterAll`. */
export type Released = { release(): Promise<void>; [Symbol.asyncDispose](): Promise<void> }

const released = (release: () => Promise<void>): Released => ({ release, [Symbol.asyncDispose]: release })
const unique = (name: string): string => `test_${name.replace(/\W/g, '_')}_${randomBytes(5).toString('hex')}`

async function onPostgres<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: `${backends().postgres}/postgres` })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const openConnections = `select application_name, state, left(query, 80) as query from pg_stat_activity where datname = $1`

/** The server notices a closed connection a moment later; what is still there after that was forgotten. */
async function leakedConnections(client: pg.Client, database: string): Promise<unknown[]> {
  for (const end = performance.now() + 3_000; ; await delay(30)) {
    const { rows } = await client.query(openConnections, [database])
    if (rows.length === 0 || performance.now() > end) return rows
  }
}

/**
 * A PostgreSQL database of the service's own kind: fresh, with the platform's and the service's migrations applied.
 * Without a service it is empty. A connection still open at the release fails the test that forgot it.
 */
export async function freshPostgres(service?: string): Promise<Released & { url: string; database: string }> {
  const database = unique(service ?? 'empty')
  await onPostgres((client) => client.query(`create database ${database}`))
  const url = `${backends().postgres}/${database}`
  if (service) {
    const folder = new URL(`../../services/${service}/migrations/`, import.meta.url)
    await migrate(url, folder, createLog({ service: 'test', level: 'silent' }))
  }
  const release = (): Promise<void> =>
    onPostgres(async (client) => {
      const leaked = await leakedConnections(client, database)
      await client.query(`drop database if exists ${database} with (force)`)
      if (leaked.length > 0) throw new Error(`Connections to ${database} were left open: ${JSON.stringify(leaked)}`)
    })
  return { url, database, ...released(release) }
}

/** A MongoDB database of its own; MongoDB makes it on first use. */
export function freshMongodb(service: string): Released & { url: string; database: string } {
  const url = backends().mongodb
  const database = unique(service)
  const release = async (): Promise<void> => {
    const client = await MongoClient.connect(url)
    try {
      await client.db(database).dropDatabase()
    } finally {
      await client.close()
    }
  }
  return { url, database, ...released(release) }
}

/** A prefix of its own for keys on the shared Redis. */
export function freshRedis(service: string): Released & { url: string; keyPrefix: string } {
  const url = backends().redis
  const keyPrefix = `${unique(service)}:`
  const release = async (): Promise<void> => {
    const client = new Redis(url)
    try {
      for await (const keys of client.scanStream({ match: `${keyPrefix}*`, count: 500 })) {
        if (keys.length > 0) await client.unlink(...(keys as string[]))
      }
    } finally {
      client.disconnect()
    }
  }
  return { url, keyPrefix, ...released(release) }
}

export type FreshTopics = Released & { brokers: string[]; topicPrefix: string }

/** Every topic and every dead letter topic, under a prefix of its own, one partition more than one so that keys matter. */
export async function freshTopics(name: string, options: { partitions?: number } = {}): Promise<FreshTopics> {
  const { partitions = 2 } = options
  const brokers = backends().kafka.split(',')
  const topicPrefix = `${unique(name)}.`
  const groups = services.flatMap((service) => service.consumes.map((topic) => consumerGroup(service.name, topic)))
  const names = [...allTopics.map((topic) => topic.name), ...groups.map(deadLetterTopic)].map(
    (each) => topicPrefix + each
  )
  const context = createContext({ name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  await ensureTopics(
    createKafka({ brokers }, context),
    names.map((topic) => ({ name: topic, partitions }))
  )
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const release = async (): Promise<void> => {
    try {
      await admin.deleteTopics({ topics: names })
    } finally {
      await admin.disconnect()
    }
  }
  return { brokers, topicPrefix, ...released(release) }
}
