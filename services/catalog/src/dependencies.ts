import type { Metrics } from './metrics.ts'
import type { Pool } from 'pg'
import type { ProductCache } from './store/product-cache.ts'
import type { Rebuilding } from './read-side/rebuild.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

/** What the routes of this service work with. */
export interface Dependencies {
  context: ServiceContext
  pool: Pool
  cache: ProductCache
  metrics: Metrics
  rebuilding: Rebuilding
  eventlogUrl: string
}
