import type { Sale } from '@gavel/contracts/primitives.ts'
import type { Stock } from './stock.ts'

export interface Reserved {
  outcome: 'reserved'
  sale: Sale
  location: string
}
export interface Rejected {
  outcome: 'rejected'
  sale: Sale
  reason: 'SOLD_OUT' | 'STOCK_NOT_FOUND'
  /** Pieces left over all locations at the moment of the decision. */
  available: number
}
export type Allocation = Reserved | Rejected

/**
 * Decides which sales of a batch get stock: first come, first served, in the order of the events. A sale that does not
 * fit is rejected and the next one is tried: a buyer of one piece does not fail because one of five came before.
 *
 * A sale is served from one location whole. Among those that hold enough, the one with the fewest pieces left serves it,
 * so that the large lots stay whole for the large sales; equal lots go by name, so that the same batch always gets the
 * same answer.
 */
export function reserve(stocks: readonly Stock[], sales: readonly Sale[]): Allocation[] {
  const left = new Map<string, { location: string; available: number }[]>()
  for (const { productId, location, available } of stocks) {
    const lots = left.get(productId)
    if (lots) lots.push({ location, available })
    else left.set(productId, [{ location, available }])
  }
  return sales.map((sale) => {
    const lots = left.get(sale.productId)
    if (!lots) return { outcome: 'rejected', sale, reason: 'STOCK_NOT_FOUND', available: 0 }
    const lot = smallestThatFits(lots, sale.quantity)
    if (!lot) {
      return {
        outcome: 'rejected',
        sale,
        reason: 'SOLD_OUT',
        available: lots.reduce((sum, { available }) => sum + available, 0)
      }
    }
    lot.available -= sale.quantity
    return { outcome: 'reserved', sale, location: lot.location }
  })
}

function smallestThatFits<Lot extends { location: string; available: number }>(
  lots: readonly Lot[],
  quantity: number
): Lot | undefined {
  let best: Lot | undefined
  for (const lot of lots) {
    if (lot.available < quantity) continue
    if (!best || lot.available < best.available || (lot.available === best.available && lot.location < best.location))
      best = lot
  }
  return best
}
