import type { Redis } from 'ioredis'
import { counter } from '../metrics.ts'
import type { ServiceContext } from '../service.ts'

/** Reads in flight in this process, by client and key. */
const reading = new WeakMap<Redis, Map<string, Promise<unknown>>>()

/** How reads ended, for the hit rate. Call once with the context to have them counted. */
const counts = new WeakMap<Redis, (result: 'hit' | 'miss' | 'fault') => void>()

export function measureCache(context: ServiceContext, redis: Redis): void {
  const reads = counter(context.metrics, {
    name: 'cache_reads_total',
    help: 'Reads through the cache by result.',
    labelNames: ['result']
  })
  counts.set(redis, (result) => reads.inc({ result }))
}

/**
 * The cached value, or `load`'s, which is then kept for `ttlMs`. The value is JSON. A fault of the cache is a miss, never an error. Whoever
 * asks while somebody asks for the same key gets the same answer: a crowd that misses at once loads once.
 */
export async function readThrough<T>(redis: Redis, key: string, ttlMs: number, load: () => Promise<T>): Promise<T> {
  let inFlight = reading.get(redis)
  if (!inFlight) reading.set(redis, (inFlight = new Map()))
  const existing = inFlight.get(key)
  if (existing) return (await existing) as T
  const mine = readOrLoad(redis, key, ttlMs, load)
  inFlight.set(key, mine)
  try {
    return await mine
  } finally {
    inFlight.delete(key)
  }
}

async function readOrLoad<T>(redis: Redis, key: string, ttlMs: number, load: () => Promise<T>): Promise<T> {
  const count = counts.get(redis)
  try {
    const cached = await redis.get(key)
    if (cached !== null) {
      const value = JSON.parse(cached) as T
      count?.('hit')
      return value
    }
    count?.('miss')
  } catch {
    count?.('fault')
  }
  const value = await load()
  // Some time either way, so that what was loaded together does not end together. Nobody waits for the cache.
  const spreadMs = Math.round(ttlMs * (0.9 + Math.random() / 5))
  if (value !== undefined) redis.set(key, JSON.stringify(value), 'PX', Math.max(1, spreadMs)).catch(() => undefined)
  return value
}

/** After a change: the next read loads. A fault is not an error; the entry then lives until its time is over. */
export async function forget(redis: Redis, ...keys: string[]): Promise<void> {
  if (keys.length > 0) await redis.del(...keys).catch(() => undefined)
}
