import { expect, test } from 'vitest'
import { carryOutOnProduct, type ProductCommand } from './product-command.ts'
import type { StoredProduct } from './product.ts'

const there: StoredProduct = {
  productId: 'watch',
  title: 'A watch',
  description: 'Gold',
  brand: 'Cartier',
  category: '',
  version: 3,
  changedAt: 1,
  removedAt: undefined
}
const gone: StoredProduct = { ...there, removedAt: 2 }
const who = { productId: 'watch', actor: 'alice' }
const outcome = (existing: StoredProduct | undefined, command: object): unknown => {
  const found = carryOutOnProduct(existing, { ...who, ...command } as ProductCommand, 9)
  return 'code' in found ? found.code : [found.outcome, found.product.title, found.product.version]
}

test.each([
  [undefined, { kind: 'add', fields: { title: 'New' } }, ['added', 'New', 1]],
  [undefined, { kind: 'put', fields: { title: 'New' } }, ['added', 'New', 1]],
  [undefined, { kind: 'change', fields: { title: 'New' } }, 'PRODUCT_NOT_FOUND'],
  [undefined, { kind: 'remove' }, 'PRODUCT_NOT_FOUND'],
  [there, { kind: 'add', fields: { title: 'New' } }, 'PRODUCT_EXISTS'],
  [there, { kind: 'put', fields: { title: 'New' } }, ['changed', 'New', 4]],
  [there, { kind: 'put', fields: { title: 'A watch' } }, ['unchanged', 'A watch', 3]],
  [there, { kind: 'change', fields: { brand: 'B' } }, ['changed', 'A watch', 4]],
  [there, { kind: 'change', fields: { title: 'half \ud83d' } }, ['changed', 'half \ufffd', 4]],
  [there, { kind: 'remove' }, ['removed', 'A watch', 4]],
  [gone, { kind: 'put', fields: { title: 'New' } }, 'PRODUCT_REMOVED'],
  [gone, { kind: 'add', fields: { title: 'A watch' } }, 'PRODUCT_EXISTS'],
  [gone, { kind: 'remove' }, ['unchanged', 'A watch', 3]]
])('%#: %j meets %j', (existing, command, expected) => expect(outcome(existing, command)).toEqual(expected))
