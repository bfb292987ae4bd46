import { FACET_ROWS, FACET_VALUES, type SearchOrder } from '@gavel/contracts/api/search.ts'
import type { PageEnd, SearchTerms } from '../domain/search-terms.ts'

/** The statements of search. Each filter and each order has its index; a test reads their plans over 200,000 items. */
export interface Statement {
  text: string
  values: unknown[]
}

export interface Asked {
  terms: SearchTerms
  /** For `to_tsquery`; undefined where no words were given. */
  words: string | undefined
  now: number
}

type Filter = 'brand' | 'category' | 'price'

/** Collects values and names them in the text. */
class Values {
  readonly list: unknown[] = []
  add(value: unknown): string {
    this.list.push(value)
    return `$${this.list.length}`
  }
}

function conditionsOf({ terms, words, now }: Asked, values: Values, leftOut?: Filter): string[] {
  const conditions: string[] = []
  if (words !== undefined) conditions.push(`search @@ to_tsquery('english', ${values.add(words)})`)
  if (terms.brand !== undefined && leftOut !== 'brand') conditions.push(`brand = ${values.add(terms.brand)}`)
  if (terms.category !== undefined && leftOut !== 'category')
    conditions.push(`category = ${values.add(terms.category)}`)
  if (terms.currency !== undefined) conditions.push(`currency = ${values.add(terms.currency)}`)
  if (terms.priceMinMinor !== undefined && leftOut !== 'price')
    conditions.push(`price_minor >= ${values.add(terms.priceMinMinor)}`)
  if (terms.priceMaxMinor !== undefined && leftOut !== 'price')
    conditions.push(`price_minor <= ${values.add(terms.priceMaxMinor)}`)
  // A currency without a price is none; said again so that the index of prices is seen to hold all that is asked for.
  if (terms.currency !== undefined) conditions.push('price_minor is not null')
  if (terms.inStock) conditions.push('available > 0')
  if (terms.endingWithinMs !== undefined) {
    conditions.push(`ends_at_ms > ${values.add(now)}`, `ends_at_ms <= ${values.add(now + terms.endingWithinMs)}`)
  }
  return conditions
}

const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `where ${conditions.join('\n   and ')}`

interface Ordering {
  /** What a page is ordered by and its cursor holds. */
  value: string
  direction: 'asc' | 'desc'
  /** What must hold for an item to have a place in the order. */
  needs?: (now: string) => string
}

const orderings: Record<SearchOrder, Ordering> = {
  relevance: { value: 'rank', direction: 'desc' },
  newest: { value: 'listed_at_ms', direction: 'desc' },
  'price-ascending': { value: 'price_minor', direction: 'asc' },
  'price-descending': { value: 'price_minor', direction: 'desc' },
  'ending-soonest': { value: 'ends_at_ms', direction: 'asc', needs: (now) => `ends_at_ms > ${now}` }
}

const columns = `product_id, title, left(description, 300) as excerpt, brand, category, listed_at_ms, available, auction_id, mode,
       currency, price_minor, price_to_beat_minor, bid_count, quantity_left, starts_at_ms, ends_at_ms`

/** One page, and one row more than asked for where there is a next. `page_value` is what the order is by. */
export function pageStatement(asked: Asked, page: { after: PageEnd | undefined; limit: number }): Statement {
  const values = new Values()
  const { value, direction, needs } = orderings[asked.terms.order]
  const conditions = conditionsOf(asked, values)
  if (needs) conditions.push(needs(values.add(asked.now)))
  const ranked = asked.terms.order === 'relevance'
  const source = ranked ? rankedSource(asked, values, conditions) : 'search_listings'
  const outer = ranked ? [] : conditions
  if (page.after) {
    const sign = direction === 'asc' ? '>' : '<'
    outer.push(`(${value}, product_id) ${sign} (${values.add(page.after.value)}, ${values.add(page.after.productId)})`)
  }
  return {
    text: `select ${columns}, ${value} as page_value
  from ${source}
 ${where(outer)}
 order by ${value} ${direction}, product_id ${direction}
 limit ${values.add(page.limit + 1)}`,
    values: values.list
  }
}

/** Ranks are computed for everything that matches, and compared exactly from one page to the next. */
function rankedSource({ words }: Asked, values: Values, conditions: readonly string[]): string {
  return `(select *, ts_rank_cd(search, to_tsquery('english', ${values.add(words)}))::float8 as rank
          from search_listings
         ${where(conditions)}) as ranked`
}

/** Bounds between the price ranges, in minor units. */
export const priceBounds = [1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000]

/**
 * Counts in one round. With words the index of words finds what matches; without, the newest are counted. Each facet leaves its own
 * filter out.
 */
export function facetsStatement(asked: Asked): Statement {
  const values = new Values()
  const matching = (leftOut: Filter | undefined, wanted: string): string =>
    `select ${wanted}
         from search_listings
        ${where(conditionsOf(asked, values, leftOut))}
        ${asked.words === undefined ? 'order by listed_at_ms desc, product_id desc' : ''}
        limit ${values.add(FACET_ROWS + 1)}`
  const counted = (column: 'brand' | 'category'): string =>
    `select coalesce(json_agg(json_build_object('value', value, 'count', count) order by count desc, value), '[]')
       from (select ${column} as value, count(*) as count
               from (${matching(column, column)}) as matching
              where ${column} <> ''
              group by ${column}
              order by count desc, ${column}
              limit ${FACET_VALUES}) as counted`
  return {
    text: `select (select count(*) from (${matching(undefined, '1')}) as matching) as total,
    (${counted('brand')}) as brands,
    (${counted('category')}) as categories,
    (select coalesce(json_agg(json_build_object('currency', currency, 'range', range, 'count', count) order by currency, range), '[]')
       from (select currency, width_bucket(price_minor, ${values.add(priceBounds)}::bigint[]) as range, count(*) as count
               from (${matching('price', 'currency, price_minor')}) as matching
              where price_minor is not null
              group by currency, range) as counted) as prices`,
    values: values.list
  }
}

/** What is known of the words of a search; the last may be the beginning of one. Without the extension no word is like another. */
export const wordsStatement = (words: readonly string[], forgiving: boolean): Statement => ({
  text: `select asked.word, found.known,
       case when found.known then '{}'::text[]
            else ${forgiving ? 'array(select word from search_words order by word <-> asked.word limit 20)' : `'{}'::text[]`}
       end as alike
  from unnest($1::text[]) with ordinality as asked (word, place)
 cross join lateral (
         select exists (select from search_words where word = asked.word)
             or (asked.place = cardinality($1::text[])
                 and exists (select from search_words
                              where word >= asked.word and word < asked.word || U&'\\+10FFFF')) as known) as found
 order by asked.place`,
  values: [words]
})
