import type { Sale, StockPart } from '@gavel/contracts/primitives.ts'
import type { StockBook } from './book.ts'

export interface Reserved {
  outcome: 'reserved'
  sale: Sale
  parts: StockPart[]
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
 * Decides which sales of a batch get stock, and takes it: first come, first served, in the order of the events. A sale that does not
 * fit is rejected and the next one is tried: a buyer of one piece does not fail because one of five came before.
 */
export function reserve(book: StockBook, sales: readonly Sale[]): Allocation[] {
  return sales.map((sale) => {
    const lots = book.linesOf(sale.productId)
    if (lots.length === 0) return { outcome: 'rejected', sale, reason: 'STOCK_NOT_FOUND', available: 0 }
    const parts = allocate(lots, sale.quantity)
    if (!parts) {
      const available = lots.reduce((sum, lot) => sum + lot.available, 0)
      return { outcome: 'rejected', sale, reason: 'SOLD_OUT', available }
    }
    const cause = { actor: 'bidding', note: 'SaleConfirmed', orderNumber: sale.orderNumber }
    for (const { location, quantity } of parts)
      book.move({ productId: sale.productId, location, pieces: quantity }, 'reserved', cause)
    return { outcome: 'reserved', sale, parts }
  })
}

interface Lot {
  location: string
  available: number
}

/**
 * Where the pieces of one sale come from, or nothing where all locations together hold too few.
 *
 * One location serves the sale whole where one can: of those that hold enough the one with the fewest pieces, so that the large lots stay
 * whole for the large sales. Otherwise the largest lots are emptied one after the other until a single one can serve the rest, by the
 * same rule: no other choice needs fewer parcels. Equal lots go by name, so that the same stock always gives the same answer.
 */
export function allocate(lots: readonly Lot[], quantity: number): StockPart[] | undefined {
  const parts: StockPart[] = []
  let rest = quantity
  let open = lots
  for (;;) {
    const last = best(
      open.filter(({ available }) => available >= rest),
      (lot, other) => lot.available < other.available
    )
    if (last) return [...parts, { location: last.location, quantity: rest }]
    const largest = best(open, (lot, other) => lot.available > other.available)
    if (!largest || largest.available === 0) return undefined
    parts.push({ location: largest.location, quantity: largest.available })
    rest -= largest.available
    open = open.filter((lot) => lot !== largest)
  }
}

function best(lots: readonly Lot[], isBetter: (lot: Lot, other: Lot) => boolean): Lot | undefined {
  let found: Lot | undefined
  for (const lot of lots) {
    if (!found || isBetter(lot, found) || (lot.available === found.available && lot.location < found.location))
      found = lot
  }
  return found
}
