import type { Product } from '@gavel/contracts/api/catalog.ts'
import type { StoredProduct } from '../domain/product.ts'

/** A product as everybody sees it. */
export const productView = ({ removedAt: _, ...product }: StoredProduct): Product => product
