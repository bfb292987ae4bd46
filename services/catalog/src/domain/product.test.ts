import { describe, expect, test } from 'vitest'
import { decideChange, decideRemoval, decideRepeatedAdd, newProduct, type StoredProduct } from './product.ts'

const now = 5_000
const aProduct = (overrides: Partial<StoredProduct> = {}): StoredProduct => ({
  productId: 'watch',
  title: 'A watch',
  description: 'Gold',
  brand: 'Cartier',
  category: 'watches',
  version: 3,
  changedAt: 1_000,
  removedAt: undefined,
  ...overrides
})

test('what is not given is empty', () => {
  expect(newProduct('p', { title: 'T' }, now)).toEqual({
    productId: 'p',
    title: 'T',
    description: '',
    brand: '',
    category: '',
    version: 1,
    changedAt: now
  })
})

describe('adding under a taken id', () => {
  test.each<[string, StoredProduct, string]>([
    ['the same product again', aProduct(), 'same'],
    ['other words', aProduct({ title: 'Another watch' }), 'refuse'],
    ['a removed product', aProduct({ removedAt: 2_000 }), 'refuse']
  ])('%s', (_, existing, status) => {
    expect(decideRepeatedAdd(existing, newProduct('watch', aProduct(), now)).status).toBe(status)
  })
})

describe('a change', () => {
  test('takes the fields given, leaves the others and counts a version', () => {
    expect(decideChange(aProduct(), { title: 'A clock', description: '' }, now)).toEqual({
      status: 'changed',
      product: aProduct({ title: 'A clock', description: '', version: 4, changedAt: now })
    })
  })

  test('that changes nothing is no new version', () => {
    expect(decideChange(aProduct(), { title: 'A watch' }, now)).toEqual({ status: 'same', product: aProduct() })
  })

  test('cannot smuggle other members in', () => {
    const smuggled = { title: 'A clock', version: 99, productId: 'other' } as object
    expect(decideChange(aProduct(), smuggled, now)).toMatchObject({ product: { productId: 'watch', version: 4 } })
  })

  test.each([
    [undefined, 'PRODUCT_NOT_FOUND'],
    [aProduct({ removedAt: 1 }), 'PRODUCT_REMOVED']
  ])('of %j is refused with %s', (existing, code) => {
    expect(decideChange(existing, { title: 'x' }, now)).toEqual({ status: 'refuse', code })
  })
})

test('a removal happens once', () => {
  expect(decideRemoval(undefined, now)).toEqual({ status: 'refuse', code: 'PRODUCT_NOT_FOUND' })
  expect(decideRemoval(aProduct(), now)).toEqual({
    status: 'removed',
    product: aProduct({ version: 4, changedAt: now, removedAt: now })
  })
  expect(decideRemoval(aProduct({ removedAt: 1 }), now)).toEqual({ status: 'same' })
})
