import { randomUUID } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { ProductAddedV2, ProductChangedV2, ProductRemovedV2 } from '@gavel/contracts/events/catalog.ts'
import { products as productsTopic } from '@gavel/contracts/topics.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { StoredProduct } from '../domain/product.ts'
import { carryOutOnProduct, type ProductCommand, type ProductOutcome } from '../domain/product-command.ts'
import { insertProducts, lockProducts, updateProducts } from './products.ts'

/**
 * Carries out commands in their order, in the caller's transaction: the one way by which products change, whether a route or an import
 * asks. A refused one is an answer, changes nothing and does not hold up the others. Throws a Fault of PostgreSQL's code 40001 where it
 * must run again.
 */
export async function applyProductCommandsIn(
  client: PoolClient,
  commands: readonly ProductCommand[],
  now: number
): Promise<ProductOutcome[]> {
  const before = await lockProducts(client, [...new Set(commands.map(({ productId }) => productId))])
  const known = new Set(before.map(({ productId }) => productId))
  const products = new Map(before.map((product) => [product.productId, product]))
  const changed = new Set<string>()
  const events: OutgoingEvent[] = []
  const outcomes = commands.map((command) => {
    const outcome = carryOutOnProduct(products.get(command.productId), command, now)
    if (outcome.outcome === 'refused' || outcome.outcome === 'unchanged') return outcome
    products.set(command.productId, outcome.product)
    changed.add(command.productId)
    events.push(eventOf(outcome.outcome, outcome.product, command.actor))
    return outcome
  })
  const written = [...changed].map((productId) => products.get(productId)!)
  await insertProducts(
    client,
    written.filter(({ productId }) => !known.has(productId))
  )
  await updateProducts(
    client,
    written.filter(({ productId }) => known.has(productId))
  )
  await appendToOutbox(client, productsTopic, events)
  return outcomes
}

/** Every event says who changed what when, so that the log of events tells it for good. */
function eventOf(outcome: 'added' | 'changed' | 'removed', product: StoredProduct, changedBy: string): OutgoingEvent {
  const { productId, title, description, brand, category, version, changedAt } = product
  const told = { version, changedBy, changedAt }
  const envelope = { key: productId, subject: productId, id: randomUUID(), source: 'catalog', time: changedAt }
  if (outcome === 'removed') return { definition: ProductRemovedV2, data: { productId, ...told }, ...envelope }
  return {
    definition: outcome === 'added' ? ProductAddedV2 : ProductChangedV2,
    data: { product: { productId, title, description, brand, category }, ...told },
    ...envelope
  }
}

/** One command by itself: what became of it, or the refusal thrown. */
export async function applyProductCommand(
  pool: Pool,
  command: ProductCommand,
  now: number
): Promise<Exclude<ProductOutcome, { outcome: 'refused' }>> {
  const [outcome] = await transaction(pool, (client) => applyProductCommandsIn(client, [command], now))
  if (!outcome) throw new TypeError('A command had no outcome')
  if (outcome.outcome === 'refused') throw new Refusal(outcome.code, { productId: command.productId })
  return outcome
}
