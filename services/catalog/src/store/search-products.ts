import type { Facets, Listing } from '@gavel/contracts/api/search.ts'
import { FACET_ROWS } from '@gavel/contracts/api/search.ts'
import type { Pool } from 'pg'
import type { PageEnd } from '../domain/search-terms.ts'
import type { KnownWord } from '../domain/search-text.ts'
import { facetsStatement, pageStatement, priceBounds, wordsStatement, type Asked } from './search-statements.ts'

interface ListingRow {
  product_id: string
  title: string
  excerpt: string
  brand: string
  category: string
  listed_at_ms: number
  available: number
  auction_id: string | null
  mode: string
  currency: string
  price_minor: number
  price_to_beat_minor: number
  bid_count: number
  quantity_left: number
  starts_at_ms: number
  ends_at_ms: number
  page_value: number
}

type Auction = NonNullable<Listing['auction']>

function auctionOf(row: ListingRow, now: number): Auction | null {
  if (row.auction_id === null) return null
  const status = now < row.starts_at_ms ? 'scheduled' : now < row.ends_at_ms ? 'open' : 'ending'
  return {
    auctionId: row.auction_id,
    mode: row.mode as Auction['mode'],
    status,
    currency: row.currency,
    priceMinor: row.price_minor,
    priceToBeatMinor: row.price_to_beat_minor,
    bidCount: row.bid_count,
    quantityLeft: row.quantity_left,
    startsAt: row.starts_at_ms,
    endsAt: row.ends_at_ms
  }
}

const toListing = (row: ListingRow, now: number): Listing => ({
  productId: row.product_id,
  title: row.title,
  excerpt: row.excerpt,
  brand: row.brand,
  category: row.category,
  listedAt: row.listed_at_ms,
  available: row.available,
  auction: auctionOf(row, now)
})

export async function searchPage(
  pool: Pool,
  asked: Asked,
  page: { after: PageEnd | undefined; limit: number }
): Promise<{ items: Listing[]; end: PageEnd | undefined }> {
  const { rows } = await pool.query<ListingRow>(pageStatement(asked, page))
  const items = rows.slice(0, page.limit)
  const last = rows.length > page.limit ? items.at(-1) : undefined
  return {
    items: items.map((row) => toListing(row, asked.now)),
    end: last && { value: last.page_value, productId: last.product_id }
  }
}

interface FacetRow {
  total: number
  brands: Facets['brands']
  categories: Facets['categories']
  prices: { currency: string; range: number; count: number }[]
}

export async function countFacets(pool: Pool, asked: Asked): Promise<Facets> {
  const { rows } = await pool.query<FacetRow>(facetsStatement(asked))
  const { total, brands, categories, prices } = rows[0]!
  return {
    total: Math.min(total, FACET_ROWS),
    exact: total <= FACET_ROWS,
    brands,
    categories,
    prices: prices.map(({ currency, range, count }) => {
      const toMinor = priceBounds[range]
      const from = { currency, fromMinor: priceBounds[range - 1] ?? 0 }
      return toMinor === undefined ? { ...from, count } : { ...from, toMinor, count }
    })
  }
}

/** Whether the database can find words by their likeness. */
export async function forgivesSlips(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ there: boolean }>(
    `select exists (select from pg_extension where extname = 'pg_trgm') as there`
  )
  return rows[0]!.there
}

export async function lookUpWords(pool: Pool, words: readonly string[]): Promise<KnownWord[]> {
  if (words.length === 0) return []
  const { rows } = await pool.query<KnownWord>(wordsStatement(words, await forgivesSlips(pool)))
  return rows
}

/** False for words that text search leaves out, such as «the»: a query of these alone would find nothing. */
export async function says(pool: Pool, query: string): Promise<boolean> {
  const { rows } = await pool.query<{ nodes: number }>(`select numnode(to_tsquery('english', $1)) as nodes`, [query])
  return rows[0]!.nodes > 0
}
