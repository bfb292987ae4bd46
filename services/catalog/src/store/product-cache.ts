import type { Redis } from 'ioredis'
import type { Logger } from '@gavel/platform/log.ts'
import type { Metrics } from '../metrics.ts'
import type { StoredProduct } from '../domain/product.ts'

/**
 * Stores a version unless a newer one is there. So a slow reader, who took its row before a change, cannot put it back after the change
 * wrote the new one: what is cached only ever moves forward.
 */
const putNewest = `
  local current = redis.call('get', KEYS[1])
  if current and tonumber(string.match(current, '^%d+')) > tonumber(ARGV[1]) then return 0 end
  redis.call('set', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'PX', ARGV[3])
  return 1`

/**
 * How long a change may stay unseen where Redis was away while it was made: the one case in which the cache is not told. Longer than a
 * statement may take (10 s), so that an entry outlives every reader that could want to overwrite it with less.
 */
export const cachedForMs = 15_000

export interface ProductCache {
  /** The cached product, or what `load` finds. With Redis away every read is a load. */
  read: (productId: string, load: () => Promise<StoredProduct | undefined>) => Promise<StoredProduct | undefined>
  /** To be called once the change is committed. */
  put: (product: StoredProduct) => Promise<void>
}

export function createProductCache(options: {
  redis: Redis
  log: Logger
  metrics: Metrics
  ttlMs?: number
}): ProductCache {
  const { redis, log, metrics, ttlMs = cachedForMs } = options
  const keyOf = (productId: string): string => `product:${productId}`

  /** A cache that is away is no error, but it should be seen. */
  const away = (doing: string) => (error: unknown) => {
    metrics.cacheReads.inc({ outcome: 'away' })
    log.debug({ error, doing }, 'The cache did not answer')
    return null
  }

  const put = async (product: StoredProduct): Promise<void> => {
    await redis
      .eval(putNewest, 1, keyOf(product.productId), product.version, JSON.stringify(product), ttlMs)
      .catch(away('put'))
  }

  return {
    put,
    read: async (productId, load) => {
      const cached = await redis.get(keyOf(productId)).catch(away('read'))
      if (cached !== null) {
        metrics.cacheReads.inc({ outcome: 'hit' })
        return JSON.parse(cached.slice(cached.indexOf(':') + 1)) as StoredProduct
      }
      metrics.cacheReads.inc({ outcome: 'miss' })
      const product = await load()
      // Not waited for: the reader has what it came for.
      if (product) void put(product)
      return product
    }
  }
}
