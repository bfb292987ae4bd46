import type { PoolClient } from 'pg'
import type { Facts } from '../../domain/facts.ts'
import { writeAuctions } from './auction-rows.ts'
import { schemaOf } from './generations.ts'
import { lockItems, writeProducts, writeStock } from './item-rows.ts'
import { refreshListings } from './refresh-listings.ts'

/**
 * Takes what a batch of events says into one generation. Rows are locked in one order, auctions before items, each by its key, so that
 * batches of several topics wait for each other and never in a circle.
 */
export async function applyFacts(client: PoolClient, generation: number, facts: Facts): Promise<void> {
  const schema = schemaOf(generation)
  const sold = facts.auctions.length > 0 ? await writeAuctions(client, schema, facts.auctions) : []
  const told = [...facts.products, ...facts.stock].map(({ productId }) => productId)
  const productIds = [...new Set([...sold, ...told])].toSorted()
  if (productIds.length === 0) return
  await lockItems(client, schema, productIds)
  if (facts.products.length > 0) await writeProducts(client, schema, facts.products)
  if (facts.stock.length > 0) await writeStock(client, schema, facts.stock)
  await refreshListings(client, schema, productIds)
}
