import { Refusal } from '@gavel/platform/errors.ts'

/**
 * The position behind which a stream goes on, where its reader says that it was there before. A browser that lost its stream repeats
 * the address as it was, and says in the header how far it came: so the header wins.
 */
export function placeInStream(lastEventId: string | string[] | undefined): number | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined
  const position = typeof lastEventId === 'string' && /^\d{1,16}$/.test(lastEventId) ? Number(lastEventId) : Number.NaN
  if (!Number.isSafeInteger(position))
    throw new Refusal('INVALID_INPUT', { member: 'last-event-id', detail: 'last-event-id must be a position' })
  return position
}

export const streamHeaders = { 'content-type': 'text/event-stream; charset=utf-8' }
