import { Refusal } from '@gavel/platform/errors.ts'

/** A place in a listing: newest first, ties by order number. */
export interface Position {
  time: number
  orderNumber: string
}

const form = /^(\d{1,16})~([A-Za-z0-9_-]+\.[0-9]+)$/

export const toCursor = ({ time, orderNumber }: Position): string =>
  Buffer.from(`${time}~${orderNumber}`).toString('base64url')

export function fromCursor(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  const match = form.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  const time = Number(match?.[1])
  // The bound is the contracts' TimestampMs: beyond it there is no date.
  if (!match || time > 8_640_000_000_000_000)
    throw new Refusal('INVALID_INPUT', { detail: 'cursor is not one that this listing gave' })
  return { time, orderNumber: match[2]! }
}

/** Cuts the extra row off that was read to know whether a page follows. */
export function toPage<Item>(
  rows: readonly Item[],
  limit: number,
  positionOf: (item: Item) => Position
): { items: Item[]; nextCursor?: string } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return rows.length > limit && last !== undefined ? { items, nextCursor: toCursor(positionOf(last)) } : { items }
}
