import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import type { Pool } from 'pg'
import * as api from '@gavel/contracts/api/catalog.ts'
import type { Authenticator } from '@gavel/platform/http/auth.ts'
import { postgresAudit } from '@gavel/platform/audit/postgres.ts'
import { createServer, implementAll } from '@gavel/platform/http/server.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Config } from './config.ts'
import type { Dependencies } from './dependencies.ts'
import { createMetrics, measureImports } from './metrics.ts'
import { createRebuilding } from './read-side/rebuild.ts'
import { addProduct } from './routes/add-product.ts'
import { changeProduct } from './routes/change-product.ts'
import { downloadImportReport } from './routes/download-import-report.ts'
import { importItems } from './routes/import-items.ts'
import { listImportRows } from './routes/list-import-rows.ts'
import { listImports } from './routes/list-imports.ts'
import { listProducts } from './routes/list-products.ts'
import { readImport } from './routes/read-import.ts'
import { readProduct } from './routes/read-product.ts'
import { readSearchRebuild } from './routes/read-search-rebuild.ts'
import { rebuildSearch } from './routes/rebuild-search.ts'
import { removeProduct } from './routes/remove-product.ts'
import { searchProducts } from './routes/search-products.ts'
import { readOpenImports } from './store/imports/read-imports.ts'
import { createProductCache } from './store/product-cache.ts'
import { find } from './store/products.ts'

export function createDependencies(
  context: ServiceContext,
  pool: Pool,
  redis: Redis,
  { eventlogUrl, rebuildPatienceMs }: Pick<Config, 'eventlogUrl' | 'rebuildPatienceMs'>
): Dependencies {
  const metrics = createMetrics(context)
  measureImports(context, () => readOpenImports(pool, context.clock()))
  return {
    context,
    pool,
    metrics,
    eventlogUrl,
    rebuilding: createRebuilding(context, pool, { patienceMs: rebuildPatienceMs, pauseMs: 250 }),
    cache: createProductCache({ context, redis, metrics, load: async (productId) => await find(pool, productId) })
  }
}

export function buildApp(
  dependencies: Dependencies,
  config: Pick<Config, 'http'>,
  auth: Authenticator
): FastifyInstance {
  const { context, pool } = dependencies
  const app = createServer(context, { service: 'catalog', auth, audit: postgresAudit(context, pool), ...config.http })
  implementAll(app, api, {
    listProducts: listProducts(dependencies),
    readProduct: readProduct(dependencies),
    addProduct: addProduct(dependencies),
    changeProduct: changeProduct(dependencies),
    removeProduct: removeProduct(dependencies),
    importItems: importItems(dependencies),
    listImports: listImports(dependencies),
    readImport: readImport(dependencies),
    listImportRows: listImportRows(dependencies),
    downloadImportReport: downloadImportReport(dependencies),
    searchProducts: searchProducts(dependencies),
    rebuildSearch: rebuildSearch(dependencies),
    readSearchRebuild: readSearchRebuild(dependencies)
  })
  return app
}
