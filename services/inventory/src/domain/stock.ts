/** Pieces of one product at one location, by what they are there for. */
export interface Figures {
  available: number
  reserved: number
  sold: number
}

/** What is kept of one product at one location. Pieces move between the three figures; none is ever below zero. */
export interface Stock extends Figures {
  productId: string
  location: string
}

/** How a sale moves pieces: held for it, given back, or gone for good. */
export type MovementKind = 'reserved' | 'released' | 'sold'

/** Why a figure changed: the `reason` of StockChanged. */
export type ChangeReason = MovementKind | 'set' | 'adjusted' | 'transferred'

/** Who changed it, and for what. */
export interface Cause {
  /** A user's id, or the name of the service whose news it was. */
  actor: string
  note?: string | undefined
  commandId?: string | undefined
  orderNumber?: string | undefined
}

/** What one moved piece does to each figure. Every row sums to zero: a sale neither makes nor loses a piece. */
export const effects: Record<MovementKind, Figures> = {
  reserved: { available: -1, reserved: 1, sold: 0 },
  released: { available: 1, reserved: -1, sold: 0 },
  sold: { available: 0, reserved: -1, sold: 1 }
}
