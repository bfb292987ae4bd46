import { counter } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

export type Metrics = ReturnType<typeof createMetrics>

export const createMetrics = ({ metrics }: Pick<ServiceContext, 'metrics'>) => ({
  changes: counter<'change'>(metrics, {
    name: 'catalog_changes_total',
    help: 'Changes made to products: added, changed, removed.',
    labelNames: ['change']
  }),
  cacheReads: counter<'outcome'>(metrics, {
    name: 'catalog_cache_reads_total',
    help: 'Reads of the product cache: hit, miss, away.',
    labelNames: ['outcome']
  })
})
