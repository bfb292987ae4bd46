import { Readable } from 'node:stream'
import type { streamHealth as operation } from '@gavel/contracts/api/health.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Streams } from '../streams.ts'

const headers = { 'content-type': 'text/event-stream; charset=utf-8' }

function placeOf(lastEventId: string | string[] | undefined): string | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined
  if (typeof lastEventId === 'string' && /^\d{1,16}-\d{1,10}$/.test(lastEventId)) return lastEventId
  throw new Refusal('INVALID_INPUT', {
    member: 'last-event-id',
    detail: 'last-event-id must be the id of a transition'
  })
}

export const streamHealth =
  (streams: Streams): Handler<typeof operation> =>
  async ({ request, user, now }) => {
    const place = placeOf(request.headers['last-event-id'])
    // HEAD asks for the headers; a stream behind it would be read by nobody.
    if (request.method === 'HEAD') return { status: 200, body: Readable.from([]), headers }
    return { status: 200, body: await streams.open(place, user.expiresAt - now), headers }
  }
