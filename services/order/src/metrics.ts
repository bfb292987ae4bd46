import { isSynthetic } from '@gavel/contracts/canary.ts'
import { BoundHistogram, counter, gauge, histogram, type Registry } from '@gavel/platform/metrics.ts'
import { isSampled, traceIdOf } from '@gavel/platform/telemetry.ts'
import type { SaleEnd } from './domain/batch.ts'

export type OrderMetrics = ReturnType<typeof createOrderMetrics>

export function createOrderMetrics(
  registry: Registry,
  parts: { clock: () => number; findOldestOpen: () => Promise<number | undefined> }
) {
  gauge(registry, {
    name: 'gavel_order_oldest_open_sale_age_seconds',
    help: 'Age of the oldest sale that has not ended; 0 where none is open.',
    async collect() {
      // A database that is away must not take the other metrics with it: the last known age stays.
      const found = await parts.findOldestOpen().then(
        (startedAt) => ({ startedAt }),
        () => undefined
      )
      if (found) this.set(found.startedAt === undefined ? 0 : Math.max(0, parts.clock() - found.startedAt) / 1000)
    }
  })
  const ends = counter(registry, {
    name: 'gavel_order_sales_ended_total',
    help: 'Sales ended, by outcome (ordered, failed) and, where failed, the reason.',
    labelNames: ['outcome', 'reason']
  })
  const synthetic = counter(registry, {
    name: 'gavel_order_synthetic_sales_total',
    help: 'Synthetic sales ended, which are in no other figure of sales, by outcome.',
    labelNames: ['outcome']
  })
  const sagaSeconds = new BoundHistogram(registry, {
    name: 'gavel_order_saga_duration_seconds',
    help: 'From the confirmed sale to its end.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]
  })
  const durations = {
    ordered: sagaSeconds.series({ outcome: 'ordered' }),
    failed: sagaSeconds.series({ outcome: 'failed' })
  }
  return {
    caughtUp: gauge(registry, {
      name: 'gavel_order_caught_up_timestamp_seconds',
      help: 'The sagas’ clock: up to when everything published is known to have been read. Standing still, no sale times out.'
    }),
    batchSize: histogram(registry, {
      name: 'gavel_order_batch_size',
      help: 'Events recorded in one transaction, by topic.',
      labelNames: ['topic'],
      buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000]
    }),
    ended(batch: readonly SaleEnd[], now: number): void {
      for (const { sale, end, traceparent } of batch) {
        if (isSynthetic(sale)) {
          synthetic.inc({ outcome: end.outcome })
          continue
        }
        ends.inc({ outcome: end.outcome, reason: end.outcome === 'failed' ? end.reason : '' })
        const seconds = Math.max(0, now - sale.confirmedAt) / 1000
        durations[end.outcome].observe(seconds, isSampled(traceparent) ? traceIdOf(traceparent) : undefined)
      }
    }
  }
}
