import type { ErrorCode } from '@gavel/contracts/errors.ts'
import { AVAILABLE_PIECES_MAX } from '@gavel/contracts/api/inventory.ts'

/** A change of available pieces by hand. Its id is the caller's, so that a repeat is recognised. */
export interface Adjustment {
  adjustmentId: string
  productId: string
  location: string
  delta: number
}

export type AdjustmentDecision =
  | { outcome: 'applied'; available: number }
  | { outcome: 'repeated' }
  | { outcome: 'refused'; code: ErrorCode; details: Record<string, unknown> }

/** @param earlier the adjustment stored under the same id, if any. @param available pieces now; `undefined` where no stock is kept. */
export function adjust(
  earlier: Adjustment | undefined,
  available: number | undefined,
  adjustment: Adjustment
): AdjustmentDecision {
  if (earlier) {
    const same =
      earlier.productId === adjustment.productId &&
      earlier.location === adjustment.location &&
      earlier.delta === adjustment.delta
    return same ? { outcome: 'repeated' } : { outcome: 'refused', code: 'ADJUSTMENT_ID_REUSED', details: {} }
  }
  if (available === undefined) return { outcome: 'refused', code: 'STOCK_NOT_FOUND', details: {} }
  const after = available + adjustment.delta
  if (after < 0) return { outcome: 'refused', code: 'STOCK_INSUFFICIENT', details: { available } }
  if (after > AVAILABLE_PIECES_MAX)
    return { outcome: 'refused', code: 'STOCK_LIMIT', details: { available, limit: AVAILABLE_PIECES_MAX } }
  return { outcome: 'applied', available: after }
}
