import type { streamEvents } from '@gavel/contracts/api/eventlog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import { Readable } from 'node:stream'
import type { Streams } from '../streams.ts'

const headers = { 'content-type': 'text/event-stream; charset=utf-8' }

/** A browser that lost its stream repeats the address with `from` in it, and says in the header how far it came: the header wins. */
function placeOf(from: number | undefined, lastEventId: string | string[] | undefined): number {
  if (lastEventId === undefined || lastEventId === '') return (from ?? 1) - 1
  const position = typeof lastEventId === 'string' && /^\d{1,16}$/.test(lastEventId) ? Number(lastEventId) : Number.NaN
  if (!Number.isSafeInteger(position))
    throw new Refusal('INVALID_INPUT', { member: 'last-event-id', detail: 'last-event-id must be a position' })
  return position
}

export const createStreamEvents =
  (streams: Streams): Handler<typeof streamEvents> =>
  async ({ query, request, user, log, now }) => {
    const { from, ...filter } = query
    const place = placeOf(from, request.headers['last-event-id'])
    // HEAD asks for the headers; a stream behind it would be read by nobody.
    if (request.method === 'HEAD') return { status: 200, body: Readable.from([]), headers }
    return { status: 200, body: await streams.open(place, filter, { expiresInMs: user.expiresAt - now, log }), headers }
  }
