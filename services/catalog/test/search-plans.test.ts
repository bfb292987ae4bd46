import type { SearchOrder } from '@gavel/contracts/api/search.ts'
import { Secret } from '@gavel/platform/config.ts'
import { createPool } from '@gavel/platform/postgres/pool.ts'
import { createContext, type ServiceContext } from '@gavel/platform/service.ts'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/database.ts'
import type { SearchTerms } from '../src/domain/search-terms.ts'
import {
  facetsStatement,
  pageStatement,
  wordsStatement,
  type Asked,
  type Statement
} from '../src/store/search-statements.ts'

/** Every form of a search over 200,000 items: none may read a table from end to end. */

const ITEMS = 200_000
const now = 1_800_000_000_000
let database: Awaited<ReturnType<typeof freshPostgres>>
let context: ServiceContext
let pool: Pool

beforeAll(async () => {
  database = await freshPostgres('catalog')
  context = createContext({ name: 'catalog', logLevel: 'silent' })
  pool = createPool({ url: new Secret(database.url), statementTimeoutMs: 120_000 }, context)
  await fill(pool)
})
afterAll(async () => {
  await context.closers.closeAll(10_000)
  await database.release()
})

/** 400 brands, 40 categories, every third item for sale, every twentieth out of stock. Indexes are made after, which is quicker. */
async function fill(into: Pool): Promise<void> {
  const { rows } = await into.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as definition
       from pg_index join pg_class on pg_class.oid = indexrelid
      where indrelid = 'read_1.listings'::regclass and not indisprimary`
  )
  for (const { name } of rows) await into.query(`drop index ${name}`)
  await into.query(
    `insert into read_1.listings (product_id, brand, category, title, description, listed_at_ms, available,
            auction_id, mode, currency, price_minor, price_to_beat_minor, bid_count, quantity_left, starts_at_ms, ends_at_ms)
     select 'item-' || n, 'Brand ' || n % 400, 'Category ' || n % 40,
            (array['Steel', 'Golden', 'Leather', 'Vintage', 'Boxed'])[1 + n % 5] || ' ' ||
            (array['watch', 'camera', 'lamp', 'chair', 'guitar', 'console', 'bicycle'])[1 + n % 7] || ' ' || n,
            'In good order, number ' || n, n, case when n % 20 = 0 then 0 else n % 50 + 1 end,
            auction, 'english', currency, price, price + 100, 0, 1, 0, $2::bigint + n * 1000
       from generate_series(1, $1) as n
      cross join lateral (
              select case when n % 3 = 0 then 'auction-' || n end as auction,
                     case when n % 3 = 0 then (array['USD', 'EUR'])[1 + n % 2] end as currency,
                     case when n % 3 = 0 then (n::bigint * 7919) % 1000000 end as price) as sold`,
    [ITEMS, now]
  )
  for (const { definition } of rows) await into.query(definition)
  await into.query(`insert into read_1.words select 'word' || to_hex(n) from generate_series(1, $1) as n`, [ITEMS / 10])
  await into.query('vacuum analyze')
}

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  Plans?: PlanNode[]
}
const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** Tables that the plan reads from end to end. */
async function scannedWhole({ text, values }: Statement): Promise<string[]> {
  const { rows } = await pool.query(`explain (format json, costs off) ${text}`, values)
  const plan = (rows[0] as { 'QUERY PLAN': { Plan: PlanNode }[] })['QUERY PLAN'][0]!.Plan
  return nodesOf(plan).flatMap((node) => (node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? '?'] : []))
}

const filters: Record<string, Partial<SearchTerms>> = {
  'no filter': {},
  brand: { brand: 'Brand 7' },
  category: { category: 'Category 7' },
  'price range': { currency: 'USD', priceMinMinor: 1_000, priceMaxMinor: 20_000 },
  'in stock': { inStock: true },
  'ending soon': { endingWithinMs: 3_600_000 },
  'brand and category': { brand: 'Brand 7', category: 'Category 7' },
  'category, price and stock': { category: 'Category 7', currency: 'USD', priceMaxMinor: 50_000, inStock: true },
  'brand and ending soon': { brand: 'Brand 7', endingWithinMs: 3_600_000 }
}
const orders: SearchOrder[] = ['relevance', 'newest', 'price-ascending', 'price-descending', 'ending-soonest']
const texts = { 'without words': undefined, 'with words': `'golden' & 'watch':*` }

const askedFor = (filter: Partial<SearchTerms>, order: SearchOrder, words: string | undefined): Asked => ({
  terms: {
    brand: undefined,
    category: undefined,
    currency: order.startsWith('price-') ? 'USD' : undefined,
    priceMinMinor: undefined,
    priceMaxMinor: undefined,
    inStock: false,
    endingWithinMs: undefined,
    order,
    ...filter
  },
  words,
  now
})

describe.each(Object.entries(texts))('a search %s', (_, words) => {
  test.each(Object.keys(filters))(
    'filtered by %s reads no table whole, whatever its order, first page or later',
    async (name) => {
      for (const order of orders) {
        if (order === 'relevance' && words === undefined) continue
        const asked = askedFor(filters[name]!, order, words)
        for (const after of [undefined, { value: 1000.5, productId: 'item-1000' }]) {
          const end = after && order !== 'relevance' ? { ...after, value: 1000 } : after
          expect({ order, scanned: await scannedWhole(pageStatement(asked, { after: end, limit: 50 })) }).toEqual({
            order,
            scanned: []
          })
        }
      }
    }
  )

  test.each(Object.keys(filters))('filtered by %s counts its facets without reading a table whole', async (name) => {
    expect(await scannedWhole(facetsStatement(askedFor(filters[name]!, 'newest', words)))).toEqual([])
  })
})

test('words are looked up by their index', async () => {
  expect(await scannedWhole(wordsStatement(['golden', 'wtach'], true))).toEqual([])
})
