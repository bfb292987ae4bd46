import type { Redis } from 'ioredis'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { StoredProduct } from '../domain/product.ts'
import type { Metrics } from '../metrics.ts'

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
 * How long a change may stay unseen in the one case in which the cache is not told: Redis was away, and the process that made the change
 * ended before Redis was back. Longer than a statement may take (10 s), so that an entry outlives every reader with an older row.
 */
const cachedForMs = 15_000
/** Changes the cache could not be told of are told again this often, for this many products at the most. */
const tellAgainMs = 500
const untoldMax = 10_000

const keyOf = (productId: string): string => `product:${productId}`

export interface ProductCache {
  /** The product, cached or loaded. With Redis away every read is a load. */
  read: (productId: string) => Promise<StoredProduct | undefined>
  /** To be called once the change is committed. */
  put: (product: StoredProduct) => Promise<void>
}

export interface ProductCacheOptions {
  context: ServiceContext
  redis: Redis
  metrics: Metrics
  load: (productId: string) => Promise<StoredProduct | undefined>
  ttlMs?: number
}

export function createProductCache({
  context,
  redis,
  metrics,
  load,
  ttlMs = cachedForMs
}: ProductCacheOptions): ProductCache {
  const untold = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  context.closers.add('product cache', () => clearTimeout(timer))

  const write = async (product: StoredProduct): Promise<void> => {
    await redis.eval(putNewest, 1, keyOf(product.productId), product.version, JSON.stringify(product), ttlMs)
  }

  /** Reads each product again: what is told late must be what is true by then. */
  const tellAgain = async (): Promise<void> => {
    for (const productId of untold) {
      const product = await load(productId)
      if (product) await write(product)
      untold.delete(productId)
    }
  }
  const planTellingAgain = (): void => {
    if (timer !== undefined || context.signal.aborted) return
    timer = setTimeout(() => {
      tellAgain()
        .catch((error: unknown) =>
          context.log.debug({ error, untold: untold.size }, 'The cache still cannot be told of changes')
        )
        .finally(() => {
          timer = undefined
          if (untold.size > 0) planTellingAgain()
        })
    }, tellAgainMs).unref()
  }

  return {
    read: async (productId) => {
      const cached = await redis.get(keyOf(productId)).catch(() => undefined)
      if (typeof cached === 'string') {
        metrics.cacheReads.inc({ result: 'hit' })
        return JSON.parse(cached.slice(cached.indexOf(':') + 1)) as StoredProduct
      }
      metrics.cacheReads.inc({ result: cached === null ? 'miss' : 'fault' })
      const product = await load(productId)
      // Not waited for: the reader has what it came for.
      if (product) write(product).catch(() => undefined)
      return product
    },

    put: async (product) => {
      try {
        await write(product)
      } catch {
        if (untold.size < untoldMax) untold.add(product.productId)
        planTellingAgain()
      }
    }
  }
}
