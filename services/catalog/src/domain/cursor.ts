import { createHash } from 'node:crypto'

/** What a listing shows; a cursor belongs to one filter. */
export type ListFilter = Readonly<Record<string, string | undefined>>

const checkLength = 8
const checkOf = (position: number, filter: ListFilter): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        position,
        Object.entries(filter)
          .filter(([, value]) => value !== undefined)
          .toSorted(([one], [other]) => (one < other ? -1 : 1))
      ])
    )
    .digest('base64url')
    .slice(0, checkLength)

/**
 * The place after which a page begins. The check sum is no secret and keeps nobody out of anything: it tells a cursor that was cut, typed
 * or taken from a listing with another filter from one that we gave, so that such a mistake is refused and not answered with a wrong page.
 */
export const encodeCursor = (position: number, filter: ListFilter): string =>
  Buffer.from(`${position}.${checkOf(position, filter)}`).toString('base64url')

/** The position, or undefined for what {@link encodeCursor} did not make for this filter. */
export function decodeCursor(cursor: string, filter: ListFilter): number | undefined {
  const position = Number(/^(\d{1,15})\./.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1])
  return Number.isInteger(position) && encodeCursor(position, filter) === cursor ? position : undefined
}
