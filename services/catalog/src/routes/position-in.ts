import { Refusal } from '@gavel/platform/errors.ts'
import { decodeCursor, type ListFilter } from '../domain/cursor.ts'

/** Where the page begins; undefined for the first one. Refuses what is no cursor of this listing. */
export function positionIn(cursor: string | undefined, filter: ListFilter): number | undefined {
  if (cursor === undefined) return undefined
  const position = decodeCursor(cursor, filter)
  if (position === undefined)
    throw new Refusal('INVALID_INPUT', { detail: 'The cursor is not one of this listing', member: 'cursor' })
  return position
}
