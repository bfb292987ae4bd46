import { counter, gauge, histogram, type Registry } from '@gavel/platform/metrics.ts'

const batchBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000]

export type InventoryMetrics = ReturnType<typeof createInventoryMetrics>

export function createInventoryMetrics(registry: Registry, countOversoldPieces: () => Promise<number>) {
  gauge(registry, {
    name: 'gavel_inventory_oversold_pieces',
    help: 'Pieces of orders for which nothing was held. Anything but 0 is an alarm.',
    async collect() {
      // A database that is away must not take the other metrics with it: the last known figure stays.
      const pieces = await countOversoldPieces().catch(() => undefined)
      if (pieces !== undefined) this.set(pieces)
    }
  })
  return {
    reservations: counter(registry, {
      name: 'gavel_inventory_reservations_total',
      help: 'Sales decided, by outcome: reserved, SOLD_OUT, STOCK_NOT_FOUND.',
      labelNames: ['outcome']
    }),
    settlements: counter(registry, {
      name: 'gavel_inventory_settlements_total',
      help: 'Ends of sales applied: sell, release, close (failed before it was known here), none (a repeat), oversold.',
      labelNames: ['action']
    }),
    batchSize: histogram(registry, {
      name: 'gavel_inventory_batch_size',
      help: 'Events handled in one transaction, by topic.',
      labelNames: ['topic'],
      buckets: batchBuckets
    }),
    cacheReads: counter(registry, {
      name: 'gavel_inventory_cache_reads_total',
      help: 'Reads of stock by whether Redis had the answer.',
      labelNames: ['result']
    }),
    cacheFaults: counter(registry, {
      name: 'gavel_inventory_cache_faults_total',
      help: 'Calls to Redis that failed; the answers came from PostgreSQL.'
    })
  }
}
