import { createRequire } from 'node:module'
import type mongodbModule from 'mongodb'
import type { Db, MongoClient, MongoCredentials } from 'mongodb'
import type { Secret } from '../config.ts'
import { withFirstHost } from '../first-host.ts'
import type { ServiceContext } from '../service.ts'

export interface MongoSettings {
  url: Secret
  database: string
  poolMax?: number
}

export interface Mongo {
  client: MongoClient
  db: Db
}

/** On first use and through `require`, because tracing wraps the driver only then. */
const require = createRequire(import.meta.url)

/**
 * Every write waits for the journal of a majority: an acknowledged write outlives the loss of a server. Connections are had on use,
 * so the process starts without the database and says so in `/readyz`.
 */
export async function createMongo(settings: MongoSettings, context: ServiceContext): Promise<Mongo> {
  const { MongoClient } = require('mongodb') as typeof mongodbModule
  const client = new MongoClient(settings.url.reveal(), {
    appName: context.name,
    maxPoolSize: settings.poolMax ?? 20,
    minPoolSize: 2,
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: 10_000 },
    readConcern: { level: 'majority' },
    retryWrites: true,
    retryReads: true,
    serverSelectionTimeoutMS: 5000,
    connectTimeoutMS: 3000,
    socketTimeoutMS: 20_000,
    waitQueueTimeoutMS: 5000
  })
  followCredentials(client, settings.url)
  const db = client.db(settings.database)
  context.health.add('mongodb', async () => void (await db.command({ ping: 1 }, { timeoutMS: 1500 })))
  context.closers.add('mongodb', async () => await client.close(), 'pools')
  return { client, db }
}

/**
 * The driver binds the credentials of its first URL and asks them for user and password at each new connection; so they are made to answer
 * with those of now. Connections that stand were let in and stay.
 */
function followCredentials(client: MongoClient, url: Secret): void {
  const options = client.options as { credentials?: MongoCredentials }
  if (options.credentials === undefined) return
  const now = (part: 'username' | 'password') => ({
    get: () => decodeURIComponent(new URL(withFirstHost(url.reveal()))[part])
  })
  options.credentials = Object.create(options.credentials, {
    username: now('username'),
    password: now('password')
  }) as MongoCredentials
}
