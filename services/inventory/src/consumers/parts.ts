import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import type { InventoryMetrics } from '../metrics.ts'
import type { ReserveTerms } from '../store/reserve-sales.ts'
import type { ExpiryTerms } from '../sweep.ts'

export interface ConsumerParts {
  context: ServiceContext
  pool: Pool
  metrics: InventoryMetrics
  terms: ReserveTerms & ExpiryTerms
}
