import { counter } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

export type Metrics = ReturnType<typeof createMetrics>

export const createMetrics = ({ metrics }: Pick<ServiceContext, 'metrics'>) => ({
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
