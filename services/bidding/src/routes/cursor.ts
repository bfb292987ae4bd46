import { Refusal } from '@gavel/platform/errors.ts'

/** A place in a listing by time, and by auction where times are the same. */
export interface Place {
  at: number
  auctionId: string
}

export const cursorOf = ({ at, auctionId }: Place): string => Buffer.from(`${at}.${auctionId}`).toString('base64url')

/** Refuses what `cursorOf` has not made. */
export function placeOf(cursor: string): Place {
  const found = /^(\d{1,16})\.([A-Za-z0-9_-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!found?.[1] || !found[2]) throw new Refusal('INVALID_INPUT', { detail: 'The cursor is not one of ours' })
  return { at: Number(found[1]), auctionId: found[2] }
}
