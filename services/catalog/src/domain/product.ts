import type { Product } from '@gavel/contracts/api/catalog.ts'
import type { ErrorCode } from '@gavel/contracts/errors.ts'

/** A product as it is kept: removed ones too, because their ids are taken for good. */
export interface StoredProduct extends Product {
  removedAt: number | undefined
}

export type ProductFields = Pick<Product, 'title' | 'description' | 'brand' | 'category'>
const fieldNames = ['title', 'description', 'brand', 'category'] as const satisfies readonly (keyof ProductFields)[]

/** What was left out is empty. */
export const newProduct = (
  productId: string,
  given: Partial<ProductFields> & { title: string },
  now: number
): Product => ({
  productId,
  title: given.title,
  description: given.description ?? '',
  brand: given.brand ?? '',
  category: given.category ?? '',
  version: 1,
  changedAt: now
})

type Refuse<Code extends ErrorCode> = { status: 'refuse'; code: Code }

/** Adding again what is there already, word for word, is the same request come twice; anything else under its id is refused. */
export function decideRepeatedAdd(
  existing: StoredProduct,
  wanted: Product
): { status: 'same' } | Refuse<'PRODUCT_EXISTS'> {
  const same = existing.removedAt === undefined && fieldNames.every((name) => existing[name] === wanted[name])
  return same ? { status: 'same' } : { status: 'refuse', code: 'PRODUCT_EXISTS' }
}

export type ChangeDecision =
  | { status: 'changed'; product: StoredProduct }
  | { status: 'same'; product: StoredProduct }
  | Refuse<'PRODUCT_NOT_FOUND' | 'PRODUCT_REMOVED'>

/** The version rises only where something differs, so that it counts states and not requests. */
export function decideChange(
  existing: StoredProduct | undefined,
  changes: Partial<ProductFields>,
  now: number
): ChangeDecision {
  if (!existing) return { status: 'refuse', code: 'PRODUCT_NOT_FOUND' }
  if (existing.removedAt !== undefined) return { status: 'refuse', code: 'PRODUCT_REMOVED' }
  const differs = fieldNames.some((name) => changes[name] !== undefined && changes[name] !== existing[name])
  if (!differs) return { status: 'same', product: existing }
  return {
    status: 'changed',
    product: { ...existing, ...given(changes), version: existing.version + 1, changedAt: now }
  }
}

const given = (changes: Partial<ProductFields>): Partial<ProductFields> =>
  Object.fromEntries(fieldNames.flatMap((name) => (changes[name] === undefined ? [] : [[name, changes[name]]])))

/** Removing what is removed is no mistake: the request may have come twice. */
export function decideRemoval(
  existing: StoredProduct | undefined,
  now: number
): { status: 'removed'; product: StoredProduct } | { status: 'same' } | Refuse<'PRODUCT_NOT_FOUND'> {
  if (!existing) return { status: 'refuse', code: 'PRODUCT_NOT_FOUND' }
  if (existing.removedAt !== undefined) return { status: 'same' }
  return { status: 'removed', product: { ...existing, version: existing.version + 1, changedAt: now, removedAt: now } }
}
