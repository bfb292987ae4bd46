import type { ErrorCode } from '@gavel/contracts/errors.ts'
import type { ItemPart } from './import-row.ts'
import { decideChange, decideRemoval, decideRepeatedAdd, newProduct, type StoredProduct } from './product.ts'

/** A change that an admin asks for, by a route or by a row of an import. */
export type ProductCommand = ItemPart & {
  productId: string
  /** Who asks: a user’s id. */
  actor: string
}

export type ProductOutcome =
  | { outcome: 'added' | 'changed' | 'removed'; product: StoredProduct }
  /** It was so before. */
  | { outcome: 'unchanged'; product: StoredProduct }
  | { outcome: 'refused'; code: ErrorCode }

/** Half a character is none: it is replaced, as the database would, so that what is told and what is stored are the same. */
const wellFormed = <Fields extends object>(fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, (text as string).toWellFormed()])) as Fields

/** What a command does to a product that is there, or is not. */
export function carryOutOnProduct(
  existing: StoredProduct | undefined,
  command: ProductCommand,
  now: number
): ProductOutcome {
  switch (command.kind) {
    case 'add':
      return add(existing, command, now)
    case 'put':
      return existing ? change(existing, wellFormed(command.fields), now) : add(existing, command, now)
    case 'change':
      return change(existing, wellFormed(command.fields), now)
    case 'remove': {
      const decision = decideRemoval(existing, now)
      if (decision.status === 'refuse') return { outcome: 'refused', code: decision.code }
      return decision.status === 'same'
        ? { outcome: 'unchanged', product: existing! }
        : { outcome: 'removed', product: decision.product }
    }
  }
}

function add(
  existing: StoredProduct | undefined,
  { productId, fields }: Extract<ProductCommand, { kind: 'add' | 'put' }>,
  now: number
): ProductOutcome {
  const product = newProduct(productId, wellFormed(fields), now)
  if (!existing) return { outcome: 'added', product: { ...product, removedAt: undefined } }
  const decision = decideRepeatedAdd(existing, product)
  return decision.status === 'refuse'
    ? { outcome: 'refused', code: decision.code }
    : { outcome: 'unchanged', product: existing }
}

function change(
  existing: StoredProduct | undefined,
  fields: Extract<ProductCommand, { kind: 'change' }>['fields'],
  now: number
): ProductOutcome {
  const decision = decideChange(existing, fields, now)
  if (decision.status === 'refuse') return { outcome: 'refused', code: decision.code }
  return { outcome: decision.status === 'same' ? 'unchanged' : 'changed', product: decision.product }
}
