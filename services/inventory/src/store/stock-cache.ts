import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import type { Redis } from 'ioredis'
import type { Pool } from 'pg'
import type { InventoryMetrics } from '../metrics.ts'
import { readProductStock } from './stock-rows.ts'

/** Reads of stock, answered from Redis where it can. PostgreSQL is the truth: a cache that is away costs a query. */
export interface StockCache {
  read: (productId: string) => Promise<ProductStock | undefined>
  /** Called after a commit. Never throws: what could not be renewed is at most `ttlMs` old. */
  renew: (productIds: readonly string[]) => Promise<void>
}

/**
 * Stores figures unless newer ones are there. A reader that loaded before a commit and comes to write after it would
 * otherwise put old figures over the new ones; a version decides instead of the order of arrival.
 */
const storeIfNewer = `
local held = redis.call('HGET', KEYS[1], 'version')
if held and tonumber(held) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'stock', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`

const keyOf = (productId: string): string => `stock:${productId}`

/** Each location's version only rises and locations are never removed, so their sum orders the states of a product. */
const versionOf = (stock: ProductStock): number => stock.locations.reduce((sum, { version }) => sum + version, 0)

export function createStockCache(parts: {
  redis: Redis
  pool: Pool
  ttlMs: number
  metrics: InventoryMetrics
}): StockCache {
  const { redis, pool, ttlMs, metrics } = parts

  const store = async (stock: ProductStock): Promise<void> => {
    await redis.eval(storeIfNewer, 1, keyOf(stock.productId), versionOf(stock), JSON.stringify(stock), ttlMs)
  }
  const renewOne = async (productId: string): Promise<void> => {
    const stock = await readProductStock(pool, productId)
    if (stock) await store(stock)
  }
  const quietly = async (work: Promise<unknown>): Promise<void> => {
    await work.catch(() => metrics.cacheFaults.inc())
  }

  return {
    read: async (productId) => {
      const held = await redis.hget(keyOf(productId), 'stock').catch(() => {
        metrics.cacheFaults.inc()
        return null
      })
      metrics.cacheReads.inc({ result: held === null ? 'miss' : 'hit' })
      if (held !== null) return JSON.parse(held) as ProductStock
      const loaded = await readProductStock(pool, productId)
      // Not waited for: a slow cache must not slow the answer it was meant to speed up.
      if (loaded) void quietly(store(loaded))
      return loaded
    },
    renew: async (productIds) => {
      await Promise.all([...new Set(productIds)].map((productId) => quietly(renewOne(productId))))
    }
  }
}
