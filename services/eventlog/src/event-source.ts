import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import type { Pool } from 'pg'
import type { HeadWatch } from './store/head-watch.ts'
import { findEvents, type EventFilter } from './store/read-events.ts'
import type { Frame, Source } from './streams.ts'

/** Events in memory for one stream at most. */
const PAGE = 50

const frame = (event: RecordedEvent): Frame => ({
  text: `id: ${event.position}\ndata: ${JSON.stringify(event)}\n\n`,
  position: event.position
})

/** The log itself, as a stream. */
export const eventSource = (pool: Pool, watch: HeadWatch, filter: EventFilter): Source => ({
  watch,
  async *framesBetween(after, upTo) {
    for (let last = after; last < upTo;) {
      const events = await findEvents(pool, { ...filter, from: last + 1, to: upTo, limit: PAGE })
      for (const event of events) yield frame(event)
      last = events.length < PAGE ? upTo : events.at(-1)!.position
    }
  }
})
