import { Refusal } from '@gavel/platform/errors.ts'

/** A place in a listing, as the words its order is made of. None of them holds a tilde. */
export const toCursor = (...words: (string | number)[]): string => Buffer.from(words.join('~')).toString('base64url')

/** The words of a cursor, or nothing for the first page. Each must have its form: cursors come from outside. */
export function fromCursor(cursor: string | undefined, ...forms: RegExp[]): string[] | undefined {
  if (cursor === undefined) return undefined
  const words = Buffer.from(cursor, 'base64url').toString('utf8').split('~')
  if (words.length !== forms.length || !words.every((word, index) => forms[index]!.test(word)))
    throw new Refusal('INVALID_INPUT', { detail: 'cursor is not one that this listing gave' })
  return words
}

/** Cuts the extra row off that was read to know whether a page follows. */
export function toPage<Item>(
  rows: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => string
): { items: Item[]; nextCursor?: string } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return rows.length > limit && last !== undefined ? { items, nextCursor: cursorOf(last) } : { items }
}
