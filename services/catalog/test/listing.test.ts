import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { aCatalog, type Catalog, type Process } from './catalog.ts'

let catalog: Catalog
let process: Process
let call: Process['call']
beforeAll(async () => {
  catalog = await aCatalog()
  process = await catalog.start()
  call = process.call
})
afterAll(async () => await catalog.release())
beforeEach(async () => {
  await process.pool.query('truncate products')
})

const add = async (title: string, fields: object = {}) =>
  (await call('POST', '/api/products', { productId: title, title, ...fields })).body
const page = async (query: Record<string, string | number> = {}) => {
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])
  )
  return await call('GET', `/api/products?${search.toString()}`, undefined, 'nobody')
}
const titles = (body: { items: { title: string }[] }): string[] => body.items.map(({ title }) => title)

/** All pages, with something done in between. */
async function allPages(
  query: Record<string, string | number>,
  between: () => Promise<unknown> = async () => undefined
): Promise<string[]> {
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const { status, body } = await page(cursor === undefined ? query : { ...query, cursor })
    expect(status).toBe(200)
    seen.push(...titles(body))
    cursor = body.nextCursor
    await between()
  } while (cursor !== undefined)
  return seen
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `product-${index}`)

describe('the listing', () => {
  test('of an empty catalogue is one empty page', async () => {
    expect(await page()).toMatchObject({ status: 200, body: { items: [] } })
    expect((await page()).body.nextCursor).toBeUndefined()
  })

  test('shows every product once, newest first, in pages of any size', async () => {
    for (const name of names(11)) await add(name)
    for (const limit of [1, 2, 5, 10, 11, 200]) expect(await allPages({ limit })).toEqual(names(11).toReversed())
    expect((await page({ limit: 11 })).body.nextCursor).toBeUndefined()
    expect((await page({ limit: 10 })).body.nextCursor).toBeDefined()
  })

  test('stays where it is while products are added, changed and removed', async () => {
    for (const name of names(9)) await add(name)
    let round = 0
    const seen = await allPages({ limit: 2 }, async () => {
      round += 1
      await add(`later-${round}`)
      await call('PATCH', '/api/products/product-8', { description: `change ${round}` })
      if (round === 2) await call('DELETE', '/api/products/product-0')
      if (round === 2) await call('DELETE', '/api/products/product-6')
    })
    expect(seen).toEqual([
      'product-8',
      'product-7',
      'product-6',
      'product-5',
      'product-4',
      'product-3',
      'product-2',
      'product-1'
    ])
  })

  test('of one brand or category shows that alone', async () => {
    for (const name of names(8))
      await add(name, {
        brand: Number(name.at(-1)) % 2 === 0 ? 'Even' : 'Odd',
        category: Number(name.at(-1)) < 4 ? 'low' : 'high'
      })
    expect(await allPages({ brand: 'Even', limit: 3 })).toEqual(['product-6', 'product-4', 'product-2', 'product-0'])
    expect(await allPages({ brand: 'Odd', category: 'low', limit: 1 })).toEqual(['product-3', 'product-1'])
    expect(await allPages({ brand: 'Nobody' })).toEqual([])
  })

  test('takes the cursor of the listing it belongs to and no other', async () => {
    for (const name of names(4)) await add(name, { brand: 'Same' })
    const { nextCursor } = (await page({ limit: 1 })).body
    const wrong = [
      { cursor: 'x' },
      { cursor: nextCursor.slice(0, -1) },
      { cursor: `${nextCursor}A` },
      { cursor: nextCursor.slice(1) },
      { cursor: nextCursor, brand: 'Same' },
      { cursor: Buffer.from('1').toString('base64url') },
      { cursor: Buffer.from('9.AAAAAAAA').toString('base64url') },
      { cursor: 'x'.repeat(513) },
      { cursor: '\u0000' }
    ]
    for (const query of wrong) {
      expect({ query, answer: await page(query) }).toMatchObject({
        query,
        answer: { status: 400, body: { code: 'INVALID_INPUT' } }
      })
    }
    expect((await page({ cursor: nextCursor, limit: 3 })).status).toBe(200)
  })

  test.each([
    { limit: 0 },
    { limit: 201 },
    { limit: 'many' },
    { limit: -1 },
    { limit: 1.5 },
    { unknown: 1 },
    { brand: 'x'.repeat(101) },
    { brand: '\u0000' }
  ])('with %j is bad input', async (query) => {
    expect(await page(query as Record<string, string>)).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } })
  })
})
