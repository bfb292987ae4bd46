import type { Product } from '@gavel/contracts/api/catalog.ts'
import type { StoredProduct } from '../domain/product.ts'

/** A product as everybody sees it. */
export function productView(stored: StoredProduct): Product {
  const { removedAt: _removedAt, ...product } = stored
  return product
}
