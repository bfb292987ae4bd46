import { createRequire } from 'node:module'
import type * as ioredisModule from 'ioredis'
import type { Redis } from 'ioredis'
import type { Secret } from '../config.ts'
import type { ServiceContext } from '../service.ts'

export type { Redis } from 'ioredis'

export interface RedisSettings {
  url: Secret
  keyPrefix?: string
}

/** On first use and through `require`, because tracing wraps the driver only then. */
const require = createRequire(import.meta.url)

/** A cache that is away slows nobody: while there is no connection a command fails at once, and with one after 250 ms at the latest. */
export function createRedis(settings: RedisSettings, context: ServiceContext): Redis {
  const { Redis } = require('ioredis') as typeof ioredisModule
  const redis = new Redis(settings.url.reveal(), {
    keyPrefix: settings.keyPrefix ?? '',
    connectionName: context.name,
    connectTimeout: 2000,
    commandTimeout: 250,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(2000, 50 * 2 ** Math.min(attempt, 10))
  })
  settings.url.onRotated((url) => {
    // Read at each connection; one that stands was let in and stays.
    const { username, password } = new URL(url)
    redis.options.username = username === '' ? undefined : decodeURIComponent(username)
    redis.options.password = password === '' ? undefined : decodeURIComponent(password)
  })
  let told = false
  redis.on('error', (error: Error) => {
    if (told) return
    told = true
    context.log.warn({ error }, 'The cache is away; the database is read instead')
  })
  redis.on('ready', () => {
    told = false
  })
  // Not critical: every reader falls back to what the cache stands before.
  context.health.add('redis', async () => void (await redis.ping()), { critical: false })
  context.closers.add('redis', () => redis.disconnect(), 'pools')
  return redis
}
