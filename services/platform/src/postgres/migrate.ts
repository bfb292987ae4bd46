import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { runner } from 'node-pg-migrate'
import { migrateOnly, processEnvironment, Secret } from '../config.ts'
import { Fault, toFailure } from '../errors.ts'
import type { Logger } from '../log.ts'
import { NothingMore } from '../service.ts'
import { loadPg } from './driver.ts'

/** The tables every service with a database has: outbox and inbox. Their own list of what was applied, so that numbers never clash. */
const platformMigrations = new URL('../../migrations/', import.meta.url)

const directoryOf = (directory: URL | string): string =>
  typeof directory === 'string' && !directory.startsWith('file:') ? directory : fileURLToPath(directory)

export interface MigrateOptions {
  /** How long to wait for a database that does not answer yet. */
  patienceMs?: number
}

/**
 * Applies the plain SQL files `NNNN-name.sql` that are new, all in one transaction, under an advisory lock: of several processes
 * that start at once one does it and the others wait. With `MIGRATE_ONLY=true` the process ends here: so an upgrade migrates
 * before any process of the new version takes work.
 */
export async function migrate(
  url: Secret | string,
  directory: URL | string,
  log: Logger,
  options: MigrateOptions = {}
): Promise<void> {
  const connection = typeof url === 'string' ? url : url.reveal()
  const endAt = performance.now() + (options.patienceMs ?? 60_000)
  for (;;) {
    try {
      await apply(connection, platformMigrations, 'platform_migrations', log)
      await apply(connection, directory, 'migrations', log)
      break
    } catch (error) {
      const failure = toFailure(error)
      if (!(failure instanceof Fault) || performance.now() > endAt) throw error
      log.debug({ error }, 'The database does not answer yet')
      await delay(500)
    }
  }
  if (migrateOnly(processEnvironment())) throw new NothingMore('migrated')
}

async function apply(connection: string, directory: URL | string, table: string, log: Logger): Promise<void> {
  const { Client } = loadPg()
  const client = new Client({ connectionString: connection, connectionTimeoutMillis: 3000 })
  client.on('error', (error) => log.debug({ error }, 'The connection for migrations broke'))
  await client.connect()
  try {
    // Waits, where node-pg-migrate's own lock would give up at once. 60 s is far above what our migrations take.
    await client.query("set lock_timeout = '60s'")
    await client.query('select pg_advisory_lock($1)', [LOCK])
    const applied = await runner({
      dbClient: client,
      dir: directoryOf(directory),
      direction: 'up',
      migrationsTable: table,
      noLock: true,
      checkOrder: true,
      singleTransaction: true,
      log: () => undefined,
      logger: {
        debug: () => undefined,
        info: (message: string) => log.debug({ part: 'migrate' }, message),
        warn: (message: string) => log.warn({ part: 'migrate' }, message),
        error: (message: string) => log.error({ part: 'migrate' }, message)
      }
    })
    if (applied.length > 0) log.info({ applied: applied.map(({ name }) => name) }, 'The database is migrated')
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Any number, the same for all of ours. Advisory locks are the database's own, so services do not meet here. */
const LOCK = 4_283_500_001
