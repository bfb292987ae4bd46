import { counter, gauge } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics({ metrics }: Pick<ServiceContext, 'metrics'>) {
  const importRows = counter<'outcome'>(metrics, {
    name: 'catalog_import_rows_total',
    help: 'Rows of imports that ended, by how: done, refused.',
    labelNames: ['outcome']
  })
  // So that a rate is one from the first row on.
  for (const outcome of ['done', 'refused']) importRows.inc({ outcome }, 0)
  return { importRows, ...others(metrics) }
}

const others = (metrics: ServiceContext['metrics']) => ({
  changes: counter<'change'>(metrics, {
    name: 'catalog_changes_total',
    help: 'Changes made to products: added, changed, removed.',
    labelNames: ['change']
  }),
  searches: counter<'order' | 'words'>(metrics, {
    name: 'catalog_searches_total',
    help: 'Searches by their order and by whether the words asked for occur.',
    labelNames: ['order', 'words']
  }),
  readSideEvents: counter<'topic'>(metrics, {
    name: 'catalog_read_side_events_total',
    help: 'Events taken into what search reads.',
    labelNames: ['topic']
  }),
  cacheReads: counter<'result'>(metrics, {
    name: 'cache_reads_total',
    help: 'Reads through the cache by result.',
    labelNames: ['result']
  })
})

/** Asked for when scraped; where the database is away the last figure stays. */
export function measureImports(
  { metrics }: Pick<ServiceContext, 'metrics'>,
  readOpen: () => Promise<{ count: number; idleSeconds: number }>
): void {
  const idle = gauge(metrics, {
    name: 'catalog_import_idle_seconds',
    help: 'How long the running import that waits longest has made no progress; 0 where none runs.'
  })
  gauge(metrics, {
    name: 'catalog_imports_running',
    help: 'Imports that have rows without an end.',
    async collect() {
      const open = await readOpen().catch(() => undefined)
      if (!open) return
      this.set(open.count)
      idle.set(open.idleSeconds)
    }
  })
}
