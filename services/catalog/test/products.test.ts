import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCatalog, outboxOf, type Catalog, type Caller, type Process } from './catalog.ts'

let catalog: Catalog
let process: Process
let call: Process['call']
beforeAll(async () => {
  catalog = await aCatalog()
  process = await catalog.start()
  call = process.call
})
afterAll(async () => await catalog.release())

const aProduct = {
  title: 'Cartier wristwatch',
  description: 'Gold.\nLittle worn.',
  brand: 'Cartier',
  category: 'watches'
}
const added = async (fields: object = {}) => (await call('POST', '/api/products', { ...aProduct, ...fields })).body
const pathOf = (productId: string): string => `/api/products/${productId}`
const products = async (): Promise<number> =>
  Number((await process.pool.query('select count(*) as count from products')).rows[0].count)
const events = async (): Promise<number> =>
  Number((await process.pool.query('select count(*) as count from outbox')).rows[0].count)

describe('a product', () => {
  test('is added, read by anyone, changed and removed, and each step is told with who made it', async () => {
    const first = await call('POST', '/api/products', aProduct)
    expect(first).toMatchObject({ status: 201, body: { ...aProduct, version: 1 } })
    const { productId } = first.body
    expect(await call('GET', pathOf(productId), undefined, 'nobody')).toMatchObject({ status: 200, body: first.body })

    const second = await call('PATCH', pathOf(productId), { title: 'Cartier watch', description: '' })
    expect(second).toMatchObject({
      status: 200,
      body: { ...aProduct, productId, title: 'Cartier watch', description: '', version: 2 }
    })
    expect((await call('GET', pathOf(productId))).body).toEqual(second.body)

    expect(await call('DELETE', pathOf(productId))).toMatchObject({ status: 204, body: undefined })
    expect(await call('GET', pathOf(productId))).toMatchObject({ status: 410, body: { code: 'PRODUCT_REMOVED' } })
    expect(await call('PATCH', pathOf(productId), { title: 'Back again' })).toMatchObject({
      status: 410,
      body: { code: 'PRODUCT_REMOVED' }
    })
    expect((await call('DELETE', pathOf(productId))).status).toBe(204)

    const { version: _, changedAt, ...data } = first.body
    expect(await outboxOf(process.pool, productId)).toEqual([
      { type: 'gavel.ProductAdded.v2', data: { product: data, version: 1, changedBy: 'the-admin', changedAt } },
      {
        type: 'gavel.ProductChanged.v2',
        data: {
          product: { ...data, title: 'Cartier watch', description: '' },
          version: 2,
          changedBy: 'the-admin',
          changedAt: second.body.changedAt
        }
      },
      {
        type: 'gavel.ProductRemoved.v2',
        data: { productId, version: 3, changedBy: 'the-admin', changedAt: expect.any(Number) }
      }
    ])
  })

  test('with an id of one’s choice is added once, however often the request comes', async () => {
    const productId = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => await call('POST', '/api/products', { ...aProduct, productId }))
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(await outboxOf(process.pool, productId)).toHaveLength(1)
    expect(await call('POST', '/api/products', { ...aProduct, productId, title: 'Another' })).toMatchObject({
      status: 409,
      body: { code: 'PRODUCT_EXISTS' }
    })
    await call('DELETE', pathOf(productId))
    expect(await call('POST', '/api/products', { ...aProduct, productId })).toMatchObject({
      status: 409,
      body: { code: 'PRODUCT_EXISTS' }
    })
  })

  test('changed to what it is already counts no version and tells nobody', async () => {
    const product = await added()
    expect((await call('PATCH', pathOf(product.productId), { title: aProduct.title })).body).toEqual(product)
    expect(await outboxOf(process.pool, product.productId)).toHaveLength(1)
  })

  test('changed by many at once keeps every change: versions count without a gap', async () => {
    const { productId } = await added()
    const answers = await Promise.all(
      Array.from(
        { length: 12 },
        async (_, index) => await call('PATCH', pathOf(productId), { title: `Title ${index}` })
      )
    )
    expect(answers.map(({ body }) => body.version).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 2)
    )
    const told = await outboxOf(process.pool, productId)
    const last = (await call('GET', pathOf(productId))).body
    expect(told.at(-1)?.data).toMatchObject({ product: { title: last.title } })
    expect(told).toHaveLength(13)
  })

  test('that never was is not found', async () => {
    for (const [method, body] of [['GET'], ['PATCH', { title: 'x' }], ['DELETE']] as const) {
      expect(await call(method, pathOf('nothing'), body)).toMatchObject({
        status: 404,
        body: { code: 'PRODUCT_NOT_FOUND' }
      })
    }
  })
})

describe('changing the catalogue', () => {
  test.each<[Caller, number, string]>([
    ['bidder', 403, 'FORBIDDEN'],
    ['nobody', 401, 'UNAUTHENTICATED']
  ])('as %s is refused with %i, and nothing happens', async (as, status, code) => {
    const product = await added()
    const before = [await products(), await events()]
    for (const [method, url, body] of [
      ['POST', '/api/products', aProduct],
      ['PATCH', pathOf(product.productId), { title: 'Mine' }],
      ['DELETE', pathOf(product.productId), undefined]
    ] as const) {
      expect(await call(method, url, body, as)).toMatchObject({ status, body: { code } })
    }
    expect([await products(), await events()]).toEqual(before)
    expect((await call('GET', pathOf(product.productId), undefined, as)).body).toEqual(product)
  })

  test.each<[string, unknown]>([
    ['no body', undefined],
    ['an array', [aProduct]],
    ['no title', { description: 'x' }],
    ['an empty title', { ...aProduct, title: '' }],
    ['a blank title', { ...aProduct, title: '   ' }],
    ['an endless title', { ...aProduct, title: 'x'.repeat(201) }],
    ['an endless description', { ...aProduct, description: 'x'.repeat(10_001) }],
    ['a number for a text', { ...aProduct, brand: 5 }],
    ['null for a text', { ...aProduct, brand: null }],
    ['an unknown member', { ...aProduct, price: 5 }],
    ['a version of one’s own', { ...aProduct, version: 7 }],
    ['a NUL in the title', { ...aProduct, title: 'a\u0000b' }],
    ['a NUL in the description', { ...aProduct, description: 'a\u0000b' }],
    ['a line break in the brand', { ...aProduct, brand: 'a\nb' }],
    ['an id with a slash', { ...aProduct, productId: '../admin' }],
    ['an endless id', { ...aProduct, productId: 'x'.repeat(65) }]
  ])('with %s is refused by code, and nothing is stored', async (_, body) => {
    const before = [await products(), await events()]
    expect(await call('POST', '/api/products', body)).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } })
    expect([await products(), await events()]).toEqual(before)
  })

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['no body', undefined],
    ['an empty title', { title: '' }],
    ['another id', { productId: 'other' }],
    ['an unknown member', { title: 'x', removedAt: null }]
  ])('to %s is refused by code, and nothing is changed', async (_, body) => {
    const product = await added()
    expect(await call('PATCH', pathOf(product.productId), body)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT' }
    })
    expect((await call('GET', pathOf(product.productId))).body).toEqual(product)
  })

  test('with words of any script, marks of SQL and half a character does no harm', async () => {
    const title = `Uhr ⌚ "'; drop table products; -- 時計 %s \\u0000`
    const product = await added({ title, description: 'half \ud83d a character' })
    expect((await call('GET', pathOf(product.productId))).body).toMatchObject({
      title,
      description: 'half \ufffd a character'
    })
  })

  test.each(['%00', 'a%2Fb', 'a b', 'x'.repeat(65), '..%2f..'])(
    'an address with the id %s is no product',
    async (id) => {
      const { status, body } = await call('GET', `/api/products/${id}`)
      expect([400, 404]).toContain(status)
      expect(['INVALID_INPUT', 'NOT_FOUND']).toContain(body.code)
    }
  )
})

test('nothing went wrong on our side in all this', () => {
  expect(catalog.logged()).not.toContain('by our own mistake')
})
