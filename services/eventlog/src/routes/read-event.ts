import type { readEvent } from '@gavel/contracts/api/eventlog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { findEvent } from '../store/read-events.ts'

export const createReadEvent =
  (pool: Pool): Handler<typeof readEvent> =>
  async ({ params, query }) => {
    const event = await findEvent(pool, params.eventId, query.topic)
    if (!event) throw new Refusal('EVENT_NOT_FOUND')
    return { status: 200, body: event }
  }
