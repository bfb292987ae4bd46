import type { Listing } from '@gavel/contracts/api/search.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { aCatalog, type Catalog, type Process } from './catalog.ts'
import { added, bid, changed, ended, opened, removed, stocked, tell } from './read-side.ts'

let catalog: Catalog
let process: Process
beforeAll(async () => {
  catalog = await aCatalog()
  process = await catalog.start()
})
afterAll(async () => await catalog.release())
beforeEach(async () => {
  // Deleted, because a partitioned table with its indexes takes half a second to truncate.
  for (const table of ['listings', 'items', 'item_stock', 'item_auctions', 'words'])
    await process.pool.query(`delete from read_1.${table}`)
})

type Query = Record<string, string | number | boolean>
const search = async (query: Query = {}) => {
  const params = new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, `${value}`]))
  const { status, body } = await process.call('GET', `/api/search/products?${params.toString()}`, undefined, 'nobody')
  return { status, body }
}
const found = async (query: Query): Promise<string[]> => {
  const { status, body } = await search(query)
  expect(status).toBe(200)
  return body.items.map(({ productId }: Listing) => productId)
}
const now = Date.now()
const hour = 3_600_000

const shop = async (): Promise<void> =>
  await tell(process.pool, [
    added({
      productId: 'speedmaster',
      title: 'Omega Speedmaster, 1969',
      description: 'Hand-wound',
      brand: 'Omega',
      category: 'watches',
      at: 1
    }),
    added({
      productId: 'seamaster',
      title: 'Omega Seamaster',
      description: 'Runs like a speedmaster',
      brand: 'Omega',
      category: 'watches',
      at: 2
    }),
    added({
      productId: 'rangefinder',
      title: 'Rangefinder camera',
      description: 'With a golden ring',
      brand: 'Optikon',
      category: 'cameras',
      at: 3
    }),
    added({ productId: 'clubs', title: 'Golf clubs', brand: 'Fairway', category: 'sport', at: 4 }),
    stocked('speedmaster', 2),
    stocked('seamaster', 0),
    stocked('rangefinder', 1, 1, 'north'),
    stocked('rangefinder', 3, 1, 'south'),
    opened('a1', 'speedmaster', { priceMinor: 500_000, endsAt: now + 2 * hour }),
    opened('a2', 'seamaster', { priceMinor: 90_000, endsAt: now + hour / 2 }),
    opened('a3', 'rangefinder', { priceMinor: 20_000, currency: 'EUR', endsAt: now + 5 * hour }),
    bid('a2', 1, 120_000, now + hour)
  ])

describe('words', () => {
  beforeEach(shop)

  test.each<[string, string[]]>([
    ['speedmaster', ['speedmaster', 'seamaster']],
    ['omega', ['seamaster', 'speedmaster']],
    ['OMEGA 1969', ['speedmaster']],
    ['watch', ['speedmaster', 'seamaster']],
    ['hand wound', ['speedmaster']],
    ['rangef', ['rangefinder']],
    ['gold', ['rangefinder']],
    ['omega golf', []],
    ['zebra', []]
  ])('%j finds what has them all, in the title before in the description', async (q, productIds) => {
    const items = await found({ q })
    expect(items.toSorted()).toEqual(productIds.toSorted())
    if (q === 'speedmaster') expect(items).toEqual(productIds)
  })

  test.each([
    ['omgea speedmastr', 'omega speedmaster', ['speedmaster', 'seamaster']],
    ['camrea', 'camera', ['rangefinder']],
    ['rangfinder', 'rangefinder', ['rangefinder']],
    ['golff', 'golf', ['clubs']]
  ])('%j is understood as %j', async (q, corrected, productIds) => {
    const { body } = await search({ q })
    expect(body.corrected).toBe(corrected)
    expect(body.items.map(({ productId }: Listing) => productId)).toEqual(productIds)
  })

  test('that are all in vain, or none, are no filter', async () => {
    for (const q of ['', 'the', '  !? ', "'|&:*"]) expect(await found({ q })).toHaveLength(4)
  })

  test('are looked for without forgiving slips where the database cannot', async () => {
    await process.pool.query('begin; drop extension pg_trgm cascade; commit')
    try {
      expect(await found({ q: 'omega' })).toHaveLength(2)
      expect(await found({ q: 'omgea' })).toEqual([])
    } finally {
      await process.pool.query(
        'create extension pg_trgm; create index words_by_likeness on read_1.words using gist (word gist_trgm_ops)'
      )
    }
  })
})

describe('filters and orders', () => {
  beforeEach(shop)

  test.each<[string, Query, string[]]>([
    ['nothing: the newest first', {}, ['clubs', 'rangefinder', 'seamaster', 'speedmaster']],
    ['a brand', { brand: 'Omega' }, ['seamaster', 'speedmaster']],
    ['a category', { category: 'cameras' }, ['rangefinder']],
    ['what is in stock', { inStock: true }, ['rangefinder', 'speedmaster']],
    ['a price of one currency', { currency: 'USD', priceMaxMinor: 200_000 }, ['seamaster']],
    ['a lowest price', { currency: 'USD', priceMinMinor: 120_001 }, ['speedmaster']],
    ['what ends within an hour and a half', { endingWithinMs: 1.5 * hour }, ['seamaster']],
    ['the end', { order: 'ending-soonest' }, ['seamaster', 'speedmaster', 'rangefinder']],
    ['the price', { order: 'price-ascending', currency: 'USD' }, ['seamaster', 'speedmaster']],
    ['the price, highest first', { order: 'price-descending', currency: 'USD' }, ['speedmaster', 'seamaster']],
    ['words and a filter', { q: 'omega', inStock: true }, ['speedmaster']]
  ])('by %s', async (_, query, productIds) => {
    expect(await found(query)).toEqual(productIds)
  })

  test('a listing says what sells it, at what price and how many there are', async () => {
    const { body } = await search({ q: 'seamaster' })
    expect(body.items[0]).toEqual({
      productId: 'seamaster',
      title: 'Omega Seamaster',
      excerpt: 'Runs like a speedmaster',
      brand: 'Omega',
      category: 'watches',
      listedAt: 2,
      available: 0,
      auction: {
        auctionId: 'a2',
        mode: 'english',
        status: 'open',
        currency: 'USD',
        priceMinor: 120_000,
        priceToBeatMinor: 120_100,
        bidCount: 1,
        quantityLeft: 1,
        startsAt: 0,
        endsAt: now + hour
      }
    })
    expect((await search({ q: 'clubs' })).body.items[0]).toMatchObject({ available: 0, auction: null })
    expect((await search({ q: 'rangefinder' })).body.items[0]).toMatchObject({ available: 4 })
  })

  test.each<Query>([
    { order: 'relevance' },
    { order: 'cheapest' },
    { order: 'price-ascending' },
    { priceMinMinor: 5 },
    { priceMinMinor: -1, currency: 'USD' },
    { currency: 'USD', priceMinMinor: 5, priceMaxMinor: 4 },
    { currency: 'dollars' },
    { q: 'x'.repeat(201) },
    { q: '\u0000' },
    { brand: '' },
    { endingWithinMs: 0 },
    { limit: 201 },
    { inStock: 'perhaps' },
    { colour: 'red' },
    { cursor: 'made-up' }
  ])('%j is bad input', async (query) => {
    expect(await search(query)).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } })
  })
})

test('facets count what matches, each without its own filter', async () => {
  await shop()
  const { body } = await search({ facets: true })
  expect(body.facets).toEqual({
    total: 4,
    exact: true,
    brands: [
      { value: 'Omega', count: 2 },
      { value: 'Fairway', count: 1 },
      { value: 'Optikon', count: 1 }
    ],
    categories: [
      { value: 'watches', count: 2 },
      { value: 'cameras', count: 1 },
      { value: 'sport', count: 1 }
    ],
    prices: [
      { currency: 'EUR', fromMinor: 10_000, toMinor: 25_000, count: 1 },
      { currency: 'USD', fromMinor: 100_000, toMinor: 500_000, count: 1 },
      { currency: 'USD', fromMinor: 500_000, count: 1 }
    ]
  })
  const narrowed = (await search({ facets: true, brand: 'Omega', inStock: true })).body.facets
  expect(narrowed).toMatchObject({
    total: 1,
    brands: [
      { value: 'Omega', count: 1 },
      { value: 'Optikon', count: 1 }
    ],
    categories: [{ value: 'watches', count: 1 }]
  })
})

describe('pages', () => {
  test.each<Query>([
    {},
    { q: 'lamp' },
    { currency: 'USD', order: 'price-ascending' },
    { currency: 'USD', order: 'price-descending' },
    { order: 'ending-soonest' }
  ])('of %j show each item once, equal values too, and their cursor belongs to them', async (query) => {
    const names = Array.from({ length: 11 }, (_, index) => `lamp-${index}`)
    await tell(
      process.pool,
      names.flatMap((productId, index) => [
        added({
          productId,
          title: index % 2 === 0 ? 'Lamp' : 'Lamp and lamp',
          brand: productId,
          at: Math.floor(index / 3)
        }),
        opened(`sale-${index}`, productId, {
          priceMinor: 100 + Math.floor(index / 4),
          endsAt: now + hour + Math.floor(index / 5)
        })
      ])
    )
    const whole = await found({ ...query, limit: 200 })
    expect(whole.toSorted()).toEqual(names.toSorted())
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const { status, body } = await search({ ...query, limit: 3, ...(cursor === undefined ? {} : { cursor }) })
      expect(status).toBe(200)
      seen.push(...body.items.map(({ productId }: Listing) => productId))
      cursor = body.nextCursor
      if (cursor !== undefined)
        expect((await search({ ...query, cursor, brand: 'other' })).body.code).toBe('INVALID_INPUT')
    } while (cursor !== undefined)
    expect(seen).toEqual(whole)
  })
})

describe('what happens to an item', () => {
  test('is seen whatever order it is told in: stock and bids before the product and the auction', async () => {
    const events = [
      bid('a1', 2, 3_000, now + hour),
      stocked('vase', 5, 2),
      bid('a1', 1, 2_000, now + hour),
      stocked('vase', 9, 1),
      changed({ productId: 'vase', title: 'A blue vase', version: 2 }),
      opened('a1', 'vase', { endsAt: now + hour }),
      added({ productId: 'vase', title: 'A vase' })
    ]
    for (const event of events) await tell(process.pool, [event])
    const { body } = await search({ q: 'vase' })
    expect(body.items).toMatchObject([
      { title: 'A blue vase', available: 5, listedAt: 1, auction: { auctionId: 'a1', priceMinor: 3_000, bidCount: 2 } }
    ])
  })

  test('of two auctions the one that ends first is shown, then the other, then none', async () => {
    await tell(process.pool, [
      added({ productId: 'vase', title: 'A vase' }),
      opened('later', 'vase', { endsAt: now + 2 * hour }),
      opened('sooner', 'vase', { endsAt: now + hour, startsAt: now + hour / 2 })
    ])
    const shown = async () => (await search({ q: 'vase' })).body.items[0].auction
    expect(await shown()).toMatchObject({ auctionId: 'sooner', status: 'scheduled' })
    await tell(process.pool, [ended('sooner', 'vase')])
    expect(await shown()).toMatchObject({ auctionId: 'later', status: 'open' })
    await tell(process.pool, [ended('later', 'vase')])
    expect(await shown()).toBeNull()
  })

  test('its brand may change, and it is still there once; removed it is gone', async () => {
    await tell(process.pool, [added({ productId: 'vase', title: 'A vase', brand: 'Ming' }), stocked('vase', 1)])
    for (let version = 2; version < 12; version += 1)
      await tell(process.pool, [changed({ productId: 'vase', title: 'A vase', brand: `Brand ${version}`, version })])
    expect((await search({ q: 'vase' })).body.items).toMatchObject([{ brand: 'Brand 11', available: 1 }])
    await tell(process.pool, [removed('vase', 12)])
    expect(await found({ q: 'vase' })).toEqual([])
  })

  test('a synthetic sale shows nothing to anybody', async () => {
    await tell(process.pool, [added({ productId: 'canary-1', title: 'A canary' })])
    expect(await found({})).toEqual([])
  })
})
