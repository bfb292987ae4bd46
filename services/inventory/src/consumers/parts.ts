import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import type { InventoryMetrics } from '../metrics.ts'
import type { StockCache } from '../store/stock-cache.ts'

export interface ConsumerParts {
  context: ServiceContext
  pool: Pool
  cache: StockCache
  metrics: InventoryMetrics
}
