import * as api from '@gavel/contracts/api/order.ts'
import type { HttpConfig } from '@gavel/platform/config.ts'
import type { Authenticator } from '@gavel/platform/http/auth.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { createCountSales } from './routes/count-sales.ts'
import { createListOrders } from './routes/list-orders.ts'
import { createListSales } from './routes/list-sales.ts'
import { createReadOrder } from './routes/read-order.ts'
import { createReadSale } from './routes/read-sale.ts'

export interface AppParts {
  context: ServiceContext
  http: Omit<HttpConfig, 'host' | 'port'>
  auth: Authenticator
  pool: Pool
}

export function buildApp({ context, http, auth, pool }: AppParts): FastifyInstance {
  const app = createServer(context, { service: 'order', auth, ...http })
  implementAll(app, api, {
    listOrders: createListOrders(pool),
    readOrder: createReadOrder(pool),
    listSales: createListSales(pool),
    readSale: createReadSale(pool),
    countSales: createCountSales(pool)
  })
  return app
}
