import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import type { Redis } from 'ioredis'
import type { Pool } from 'pg'
import type { InventoryMetrics } from '../metrics.ts'
import { readProducts } from './stock-rows.ts'

/**
 * Reads of stock, answered from Redis while its figures are shown to be young enough, and from PostgreSQL otherwise.
 *
 * The key `stock-cache` holds the generation: it lives as long as every change that was committed up to `boundMs` ago is known to have
 * been applied ({@link startCacheFeed} renews it), and an entry counts only under the generation it was stored in. So when Redis, the
 * feed or its database connection is away, nothing old is shown: the key runs out, and the reads go to PostgreSQL.
 */
export interface StockCache {
  read: (productId: string) => Promise<ProductStock | undefined>
  /** After a commit by hand: no read from now on may show less than this version, so that its author sees it. Never throws. */
  outdate: (stock: Pick<ProductStock, 'productId' | 'version'>) => Promise<void>
  /** Every change committed this long ago is in the cache; grows while nobody feeds it. Nothing where that was never seen. */
  ageMs: () => Promise<number | undefined>
}

export const generationKey = 'stock-cache'
const keyOf = (productId: string): string => `stock:${productId}`

/**
 * An entry is `<generation> <version> <figures>`, and a product's version only rises. A reader that loaded before a commit and comes to
 * write after it would put old figures over new ones; so the version decides and not the order of arrival.
 */
const storeIfNewer = `
local held = redis.call('GET', KEYS[1])
if held and tonumber(string.match(held, '^%S+ (%d+)')) > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
return 1`

/** The same without figures: what is older must not come back, and the next read loads. */
const outdateIfOlder = `
local held = redis.call('GET', KEYS[1])
if held and tonumber(string.match(held, '^%S+ (%d+)')) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], '- ' .. ARGV[1] .. ' ', 'PX', ARGV[2])
return 1`

/** Stores figures under a generation, in one round trip. Throws where one could not be stored. */
export async function storeAll(
  redis: Redis,
  generation: string,
  stocks: readonly ProductStock[],
  ttlMs: number
): Promise<void> {
  if (stocks.length === 0) return
  const pipeline = redis.pipeline()
  for (const stock of stocks)
    pipeline.eval(storeIfNewer, 1, keyOf(stock.productId), generation, stock.version, JSON.stringify(stock), ttlMs)
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
}

function figuresIn(entry: string | null | undefined, generation: string): ProductStock | undefined {
  if (!entry?.startsWith(`${generation} `)) return undefined
  const figures = entry.slice(entry.indexOf(' ', generation.length + 1) + 1)
  return JSON.parse(figures) as ProductStock
}

interface Waiting {
  resolve: (stock: ProductStock | undefined) => void
  reject: (error: unknown) => void
}

/** Round trips under way at most. Who asks meanwhile waits for the next one, which then asks for all of them. */
const ROUND_TRIPS = 2

export function createStockCache(parts: {
  redis: Redis
  pool: Pool
  boundMs: number
  ttlMs: number
  metrics: InventoryMetrics
}): StockCache {
  const { redis, pool, boundMs, ttlMs, metrics } = parts
  let completeAt: number | undefined
  let asked = new Map<string, Waiting[]>()
  let underWay = 0

  const quietly = async (work: Promise<unknown>): Promise<void> => {
    await work.catch(() => metrics.cacheFaults.inc())
  }

  const look = async (productIds: readonly string[]): Promise<Map<string, ProductStock>> => {
    const [generation, ...entries] = await redis
      .mget(generationKey, ...productIds.map(keyOf))
      .catch((): (string | null)[] => {
        metrics.cacheFaults.inc()
        return []
      })
    const found = new Map<string, ProductStock>()
    if (typeof generation === 'string') {
      productIds.forEach((productId, index) => {
        const stock = figuresIn(entries[index], generation)
        if (stock) found.set(productId, stock)
      })
    }
    metrics.cacheReads.inc({ result: 'hit' }, found.size)
    const missing = productIds.filter((productId) => !found.has(productId))
    if (missing.length === 0) return found
    metrics.cacheReads.inc({ result: typeof generation === 'string' ? 'miss' : 'not trusted' }, missing.length)
    const loaded = await readProducts(pool, missing)
    for (const stock of loaded) found.set(stock.productId, stock)
    // Under the generation seen before the load, so that a change in between is known to reach them. Not waited for: a slow cache
    // must not slow the answer it was meant to speed up.
    if (typeof generation === 'string') void quietly(storeAll(redis, generation, loaded, ttlMs))
    return found
  }

  const ask = async (): Promise<void> => {
    underWay += 1
    while (asked.size > 0) {
      const batch = asked
      asked = new Map()
      try {
        const found = await look([...batch.keys()])
        for (const [productId, waiting] of batch) for (const { resolve } of waiting) resolve(found.get(productId))
      } catch (error) {
        for (const waiting of batch.values()) for (const { reject } of waiting) reject(error)
      }
    }
    underWay -= 1
  }

  return {
    read: (productId) =>
      new Promise((resolve, reject) => {
        const waiting = asked.get(productId)
        if (waiting) waiting.push({ resolve, reject })
        else asked.set(productId, [{ resolve, reject }])
        // A moment later, so that all who ask in this turn of the loop are asked for together.
        if (underWay < ROUND_TRIPS && asked.size === 1 && !waiting) setImmediate(() => void ask())
      }),
    outdate: ({ productId, version }) => quietly(redis.eval(outdateIfOlder, 1, keyOf(productId), version, ttlMs)),
    ageMs: async () => {
      const leftMs = await redis.pttl(generationKey)
      if (leftMs > 0) completeAt = performance.now() - (boundMs - leftMs)
      return completeAt === undefined ? undefined : performance.now() - completeAt
    }
  }
}
