import type { SearchOrder, SearchQuery } from '@gavel/contracts/api/search.ts'
import { parseAmount } from '../money.ts'

export const orders = [
  ['', 'Best first'],
  ['newest', 'Newest'],
  ['ending-soonest', 'Ending soonest'],
  ['price-ascending', 'Cheapest'],
  ['price-descending', 'Dearest']
] as const satisfies readonly (readonly [SearchOrder | '', string])[]

const currency = 'USD'
const dayMs = 86_400_000

/** What the address asks for, as the search takes it. What is no amount bounds nothing. */
export function queryOf(params: URLSearchParams): SearchQuery {
  const text = (name: string): string | undefined => params.get(name)?.trim() || undefined
  const [q, brand, category] = [text('q'), text('brand'), text('category')]
  const [min, max] = ['min', 'max'].map((name) => parseAmount(params.get(name) ?? '', currency))
  const order = orders.find(([value]) => value !== '' && value === params.get('order'))?.[0]
  const isByPrice = min !== undefined || max !== undefined || order?.startsWith('price')
  return {
    limit: 24,
    facets: true,
    ...(q && { q }),
    ...(brand && { brand }),
    ...(category && { category }),
    ...(isByPrice && { currency }),
    ...(min !== undefined && { priceMinMinor: min }),
    ...(max !== undefined && { priceMaxMinor: max }),
    ...(params.has('inStock') && { inStock: true }),
    ...(params.has('soon') && { endingWithinMs: dayMs }),
    ...(order && { order: order as SearchOrder })
  }
}
