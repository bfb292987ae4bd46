import { counter, gauge, histogram, type Registry } from '@gavel/platform/metrics.ts'

const batchBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000]

export type InventoryMetrics = ReturnType<typeof createInventoryMetrics>

export interface Measured {
  countOversoldPieces: () => Promise<number>
  /** How old the newest change is that is surely in the cache; see `StockCache.age`. */
  cacheAgeMs: () => Promise<number | undefined>
  cacheBoundMs: number
}

/** What is asked for when scraped. A part that is away must not take the other metrics with it: the last known figure stays. */
export function measureWhenScraped(registry: Registry, measured: Measured): void {
  gauge(registry, {
    name: 'gavel_inventory_oversold_pieces',
    help: 'Pieces of orders for which nothing was held. Anything but 0 is an alarm.',
    async collect() {
      const pieces = await measured.countOversoldPieces().catch(() => undefined)
      if (pieces !== undefined) this.set(pieces)
    }
  })
  gauge(registry, {
    name: 'gavel_inventory_cache_age_seconds',
    help: 'Every change committed this long ago is in the cache. Above the bound the cache is not read.',
    async collect() {
      const ageMs = await measured.cacheAgeMs().catch(() => undefined)
      if (ageMs !== undefined) this.set(ageMs / 1000)
    }
  })
  gauge(registry, {
    name: 'gavel_inventory_cache_bound_seconds',
    help: 'The oldest figure that a read from the cache may show.'
  }).set(measured.cacheBoundMs / 1000)
}

export function createInventoryMetrics(registry: Registry) {
  return {
    reservations: counter(registry, {
      name: 'gavel_inventory_reservations_total',
      help: 'Sales decided, by outcome: reserved, SOLD_OUT, STOCK_NOT_FOUND.',
      labelNames: ['outcome']
    }),
    synthetic: counter(registry, {
      name: 'gavel_inventory_synthetic_sales_total',
      help: 'What became of pieces for synthetic sales, by step: a reservation’s outcome or a settlement’s action. In no other figure.',
      labelNames: ['step']
    }),
    splits: counter(registry, {
      name: 'gavel_inventory_split_reservations_total',
      help: 'Sales that no single location could serve and several did.'
    }),
    settlements: counter(registry, {
      name: 'gavel_inventory_settlements_total',
      help: 'Ends of sales applied: sell, release, close (failed before it was known here), none (a repeat), oversold.',
      labelNames: ['action']
    }),
    expired: counter(registry, {
      name: 'gavel_inventory_reservations_expired_total',
      help: 'Questions to order about pieces held without news of their sale. More than a few mean that ends get lost.'
    }),
    commands: counter(registry, {
      name: 'gavel_inventory_commands_total',
      help: 'Commands by hand, by kind (set, adjust, transfer) and outcome (applied, unchanged, repeated, refused).',
      labelNames: ['kind', 'outcome']
    }),
    batchSize: histogram(registry, {
      name: 'gavel_inventory_batch_size',
      help: 'Events, or commands, handled in one transaction, by topic.',
      labelNames: ['topic'],
      buckets: batchBuckets
    }),
    cacheReads: counter(registry, {
      name: 'gavel_inventory_cache_reads_total',
      help: 'Reads of stock by what Redis had: hit, miss, or nothing to be trusted, because no change is known to be in it.',
      labelNames: ['result']
    }),
    cacheApplied: counter(registry, {
      name: 'gavel_inventory_cache_applied_total',
      help: 'Products whose changed figures were applied to the cache.'
    }),
    cacheFeeding: gauge(registry, {
      name: 'gavel_inventory_cache_feeding',
      help: '1 in the one process that feeds the cache.'
    }),
    cacheFaults: counter(registry, {
      name: 'gavel_inventory_cache_faults_total',
      help: 'Calls to Redis that failed; the answers came from PostgreSQL.'
    })
  }
}
