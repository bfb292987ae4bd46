import { counter } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

export type Metrics = ReturnType<typeof createMetrics>

export const createMetrics = ({ metrics }: Pick<ServiceContext, 'metrics'>) => ({
  changes: counter<'change'>(metrics, {
    name: 'catalog_changes_total',
    help: 'Changes made to products: added, changed, removed.',
    labelNames: ['change']
  }),
  cacheReads: counter<'result'>(metrics, {
    name: 'cache_reads_total',
    help: 'Reads through the cache by result.',
    labelNames: ['result']
  })
})
