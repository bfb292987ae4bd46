/** What is kept of one product at one location. Pieces move between the three figures; none is ever below zero. */
export interface Stock {
  productId: string
  location: string
  available: number
  reserved: number
  sold: number
}

/** How a sale moves pieces: held for it, given back, or gone for good. */
export type MovementKind = 'reserved' | 'released' | 'sold'

/** Why a figure changed: the `reason` of StockChanged. */
export type ChangeReason = MovementKind | 'set' | 'adjusted'

/** Pieces that change their figure at one location. */
export interface Movement {
  productId: string
  location: string
  quantity: number
}

/** What one moved piece does to each figure. Every row sums to zero: a sale neither makes nor loses a piece. */
export const effects: Record<MovementKind, { available: number; reserved: number; sold: number }> = {
  reserved: { available: -1, reserved: 1, sold: 0 },
  released: { available: 1, reserved: -1, sold: 0 },
  sold: { available: 0, reserved: -1, sold: 1 }
}

/** Adds up the pieces of one place, so that a batch touches each stock row once however many sales it holds. */
export function sumMovements(movements: Iterable<Movement>): Movement[] {
  const sums = new Map<string, Movement>()
  for (const { productId, location, quantity } of movements) {
    // Neither id may hold a slash (contracts' Id), so the joined key is unambiguous.
    const key = `${productId}/${location}`
    const sum = sums.get(key)
    if (sum) sum.quantity += quantity
    else sums.set(key, { productId, location, quantity })
  }
  return [...sums.values()]
}
