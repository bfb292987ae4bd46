import { Refusal } from '@gavel/platform/errors.ts'
import type { Place } from './lines.ts'

export const cursorOf = ({ time, id }: Place): string => Buffer.from(`${time} ${id}`).toString('base64url')

export function placeOf(cursor: string): Place {
  const match = /^(\d{1,16}) ([\x21-\x7e]{1,80})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!match) throw new Refusal('INVALID_INPUT', { detail: 'The cursor is not one of ours', member: 'cursor' })
  return { time: Number(match[1]), id: match[2]! }
}
