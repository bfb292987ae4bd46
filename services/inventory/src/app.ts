import * as api from '@gavel/contracts/api/inventory.ts'
import type { HttpConfig } from '@gavel/platform/config.ts'
import type { Authenticator } from '@gavel/platform/http/auth.ts'
import { postgresAudit } from '@gavel/platform/audit/postgres.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { carryOutByHand } from './by-hand.ts'
import type { InventoryMetrics } from './metrics.ts'
import { createAdjustStock } from './routes/adjust-stock.ts'
import { createListReservations } from './routes/list-reservations.ts'
import { createListStock } from './routes/list-stock.ts'
import { createReadStock } from './routes/read-stock.ts'
import { createReadStockHistory } from './routes/read-stock-history.ts'
import { createSetStock } from './routes/set-stock.ts'
import { createTransferStock } from './routes/transfer-stock.ts'
import type { StockCache } from './store/stock-cache.ts'

export interface AppParts {
  context: ServiceContext
  http: Omit<HttpConfig, 'host' | 'port'>
  auth: Authenticator
  pool: Pool
  cache: StockCache
  metrics: InventoryMetrics
}

export function buildApp({ context, http, auth, pool, cache, metrics }: AppParts): FastifyInstance {
  const app = createServer(context, { service: 'inventory', auth, audit: postgresAudit(context, pool), ...http })
  const byHand = carryOutByHand({ context, pool, cache, metrics })
  implementAll(app, api, {
    listReservations: createListReservations(pool),
    listStock: createListStock(pool),
    readStock: createReadStock(cache),
    readStockHistory: createReadStockHistory(pool),
    setStock: createSetStock(byHand),
    adjustStock: createAdjustStock(byHand),
    transferStock: createTransferStock(byHand)
  })
  return app
}
