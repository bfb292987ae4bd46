import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { loadPg } from '@gavel/platform/postgres/driver.ts'
import type { Redis } from 'ioredis'
import type { Client, Pool } from 'pg'
import type { InventoryMetrics } from '../metrics.ts'
import { generationKey, storeAll } from './stock-cache.ts'
import { readChangedProducts, readTransactionHorizon } from './stock-changes.ts'

export interface CacheFeedParts {
  pool: Pool
  redis: Redis
  metrics: InventoryMetrics
  /** The oldest figure that a read from the cache may show. */
  boundMs: number
  ttlMs: number
}

/** Any number; advisory locks are the database's own. */
const FEED_LOCK = 4_283_510_001
/** Changes that come close together are applied together. */
const GATHER_MS = 10

/**
 * Applies every committed change of stock to the cache, in the order of the history and not of Kafka: it goes on while Kafka is away. Of
 * all processes of the service one feeds at a time, the holder of an advisory lock.
 *
 * After each look at the database the generation is renewed for `boundMs` less the time since the look began; so while it lives, every
 * change that was committed `boundMs` ago is in the cache. A new feeder, and a new connection to Redis, begin a new generation: what
 * was stored before counts no more, because nobody knows what it missed.
 */
export function startCacheFeed(context: ServiceContext, parts: CacheFeedParts): void {
  const feed = new CacheFeed(context, parts)
  context.closers.add('cache feed', () => feed.stop(), 'relays')
}

class CacheFeed {
  readonly #context: ServiceContext
  readonly #parts: CacheFeedParts
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #wake: (() => void) | undefined
  #woken = false
  #broken: Error | undefined
  #generation: string | undefined

  constructor(context: ServiceContext, parts: CacheFeedParts) {
    this.#context = context
    this.#parts = parts
    parts.redis.on('ready', () => (this.#generation = undefined))
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    const { metrics, boundMs } = this.#parts
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#lead()
      } catch (error) {
        this.#context.log.debug({ error }, 'The cache cannot be fed; stock is read from the database')
      }
      metrics.cacheFeeding.set(0)
      await this.#pause(Math.min(1_000, boundMs))
    }
  }

  /** On a connection of its own: the lock and LISTEN belong to it and end with it. */
  async #lead(): Promise<void> {
    const client = new (loadPg().Client)({
      ...this.#parts.pool.options,
      application_name: `${this.#context.name} cache feed`
    })
    this.#broken = undefined
    client.on('error', (error) => {
      this.#broken = error
      this.#wake?.()
    })
    client.on('notification', () => {
      this.#woken = true
      this.#wake?.()
    })
    try {
      await client.connect()
      const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [FEED_LOCK])
      if (!rows[0]!.taken) return
      this.#parts.metrics.cacheFeeding.set(1)
      // The outbox tells of every commit that changed stock.
      await client.query('listen outbox')
      await this.#feed(client)
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  async #feed(client: Client): Promise<void> {
    const { redis, boundMs, ttlMs, metrics } = this.#parts
    this.#generation = undefined
    let horizon = ''
    while (!this.#stopping.signal.aborted) {
      if (this.#broken) throw this.#broken
      this.#woken = false
      const startedAt = performance.now()
      let generation: string | undefined = this.#generation
      if (generation === undefined) {
        generation = randomUUID()
        horizon = await readTransactionHorizon(client)
        this.#generation = generation
      } else {
        const changes = await readChangedProducts(client, horizon)
        await storeAll(redis, generation, changes.products, ttlMs)
        horizon = changes.horizon
        metrics.cacheApplied.inc(changes.products.length)
      }
      const leftMs = Math.floor(boundMs - (performance.now() - startedAt))
      // A connection that came back in between has made this generation void.
      if (leftMs > 0 && this.#generation === generation) await redis.set(generationKey, generation, 'PX', leftMs)
      await delay(GATHER_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      if (!this.#woken) await this.#pause(Math.min(1_000, boundMs / 4))
    }
  }

  /** Until the time is over, or woken. */
  async #pause(ms: number): Promise<void> {
    const over = new AbortController()
    this.#wake = () => over.abort()
    if (this.#stopping.signal.aborted || this.#broken) over.abort()
    await delay(ms, undefined, { signal: over.signal }).catch(() => undefined)
    this.#wake = undefined
  }
}
