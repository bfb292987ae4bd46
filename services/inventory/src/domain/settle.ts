import type { Sale } from '@gavel/contracts/primitives.ts'

/**
 * What inventory remembers of one order number.
 * - `reserved`: pieces are held; waits for the end of the sale.
 * - `sold`: became an order. `released`: failed, and the pieces went back.
 * - `rejected`: never had pieces.
 * - `closed`: the sale failed before this service had read its SaleConfirmed; a later SaleConfirmed takes nothing.
 * - `oversold`: an order exists for which no pieces are held. The saga makes this impossible; if a restored backup or an
 *   operator's hand brings it about, it is counted and alerted on, never hidden.
 */
export type ReservationStatus = 'reserved' | 'sold' | 'released' | 'rejected' | 'closed' | 'oversold'

/** How a sale ended, as order (the single arbiter) announced it. */
export interface Ending {
  sale: Sale
  outcome: 'ordered' | 'failed'
}

export type Settlement =
  /** Held pieces become sold ones. */
  | { action: 'sell' }
  /** Held pieces go back to the available ones. */
  | { action: 'release' }
  /** Nothing was held and nothing must be from now on. */
  | { action: 'close' }
  /** An order without pieces. */
  | { action: 'oversold' }
  /** Known already: a repeat. */
  | { action: 'none' }

/** What the end of a sale does to its reservation, whatever was read before it and however often it is read. */
export function settle(status: ReservationStatus | undefined, outcome: Ending['outcome']): Settlement {
  if (outcome === 'ordered') {
    switch (status) {
      case 'reserved':
        return { action: 'sell' }
      case 'sold':
      case 'oversold':
        return { action: 'none' }
      case undefined:
      case 'released':
      case 'rejected':
      case 'closed':
        return { action: 'oversold' }
    }
  }
  switch (status) {
    case undefined:
      return { action: 'close' }
    case 'reserved':
      return { action: 'release' }
    // Sold and failed at once cannot be: order's primary key allows one end. The order stands.
    case 'sold':
    case 'oversold':
    case 'released':
    case 'rejected':
    case 'closed':
      return { action: 'none' }
  }
}

/** The status a reservation has after its settlement; `undefined` where nothing is written. */
export function statusAfter(settlement: Settlement): ReservationStatus | undefined {
  switch (settlement.action) {
    case 'sell':
      return 'sold'
    case 'release':
      return 'released'
    case 'close':
      return 'closed'
    case 'oversold':
      return 'oversold'
    case 'none':
      return undefined
  }
}
