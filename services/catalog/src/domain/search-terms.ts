import { createHash } from 'node:crypto'
import type { SearchOrder, SearchQuery } from '@gavel/contracts/api/search.ts'

/** A search as it is asked of the read side. */
export interface SearchTerms {
  brand: string | undefined
  category: string | undefined
  currency: string | undefined
  priceMinMinor: number | undefined
  priceMaxMinor: number | undefined
  inStock: boolean
  endingWithinMs: number | undefined
  order: SearchOrder
}

export type TermsDecision =
  { status: 'valid'; terms: SearchTerms } | { status: 'invalid'; detail: string; member: string }

const invalid = (member: string, detail: string): TermsDecision => ({ status: 'invalid', detail, member })

/** What a schema cannot say: which terms need which others. */
export function decideTerms(asked: SearchQuery, hasWords: boolean): TermsDecision {
  const order = asked.order ?? (hasWords ? 'relevance' : 'newest')
  if (order === 'relevance' && !hasWords) return invalid('order', 'An order by relevance needs words in q')
  const priced = asked.priceMinMinor !== undefined || asked.priceMaxMinor !== undefined || order.startsWith('price-')
  if (priced && asked.currency === undefined)
    return invalid('currency', 'Bounds on the price and orders by it need a currency')
  if ((asked.priceMinMinor ?? 0) > (asked.priceMaxMinor ?? Number.MAX_SAFE_INTEGER))
    return invalid('priceMaxMinor', 'The highest price is below the lowest')
  const { brand, category, currency, priceMinMinor, priceMaxMinor, inStock = false, endingWithinMs } = asked
  return {
    status: 'valid',
    terms: { brand, category, currency, priceMinMinor, priceMaxMinor, inStock, endingWithinMs, order }
  }
}

/** Where a page ended: what it was ordered by, and the product. */
export interface PageEnd {
  value: number
  productId: string
}

const checkLength = 8
const checkOf = ({ value, productId }: PageEnd, q: string | undefined, terms: SearchTerms): string =>
  createHash('sha256')
    .update(JSON.stringify([value, productId, q ?? '', Object.entries(terms)]))
    .digest('base64url')
    .slice(0, checkLength)

/** As in listings, the check sum tells a cursor of this search from one that was cut, typed or taken from another. */
export const encodePageEnd = (end: PageEnd, q: string | undefined, terms: SearchTerms): string =>
  Buffer.from(`${end.value} ${end.productId} ${checkOf(end, q, terms)}`).toString('base64url')

export function decodePageEnd(cursor: string, q: string | undefined, terms: SearchTerms): PageEnd | undefined {
  const [value, productId] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ')
  const end = { value: Number(value), productId: productId ?? '' }
  return Number.isFinite(end.value) && encodePageEnd(end, q, terms) === cursor ? end : undefined
}
