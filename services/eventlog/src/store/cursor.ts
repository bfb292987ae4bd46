import { Refusal } from '@gavel/platform/errors.ts'

/** A listing is resumed behind a position. The order is in the cursor too, so that it cannot be used the other way round. */
export type Order = 'oldest-first' | 'newest-first'

const form = /^(oldest-first|newest-first)~([1-9]\d{0,15})$/

export const toCursor = (order: Order, position: number): string =>
  Buffer.from(`${order}~${position}`).toString('base64url')

export function fromCursor(order: Order, cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  const match = form.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  const position = Number(match?.[2])
  if (match?.[1] !== order || !Number.isSafeInteger(position))
    throw new Refusal('INVALID_INPUT', { detail: 'cursor is not one that this listing gave' })
  return position
}
