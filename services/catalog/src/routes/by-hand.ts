import type { Dependencies } from '../dependencies.ts'
import type { StoredProduct } from '../domain/product.ts'
import type { ProductCommand } from '../domain/product-command.ts'
import { applyProductCommand } from '../store/apply-product-commands.ts'

/** One command of an admin, who sees it with the next read. The product after it, or the refusal thrown. */
export async function byHand(
  { pool, cache, metrics }: Pick<Dependencies, 'pool' | 'cache' | 'metrics'>,
  command: ProductCommand,
  now: number
): Promise<StoredProduct> {
  const { outcome, product } = await applyProductCommand(pool, command, now)
  await cache.put(product)
  if (outcome !== 'unchanged') metrics.changes.inc({ change: outcome })
  return product
}
