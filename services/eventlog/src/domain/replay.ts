import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'

/** The headers that an event had when it was published: the same id, so that inboxes know it. */
export const headersOf = (event: RecordedEvent): Record<string, string> => ({
  ce_specversion: '1.0',
  ce_id: event.eventId,
  ce_type: event.type,
  ce_source: event.source,
  ce_time: new Date(event.time).toISOString(),
  'content-type': 'application/json',
  ...(event.subject !== undefined && { ce_subject: event.subject }),
  ...(event.traceparent !== undefined && { traceparent: event.traceparent })
})
