import { inTraceOf, isSampled, isTracing, startSpan, type OpenSpan, type SpanAttributes } from '../telemetry.ts'
import type { IncomingEvent, RawMessage } from './events.ts'
import type { ReadyMessage } from './producer.ts'

/** Spans of messages by OpenTelemetry's conventions: `<operation> <topic>`, and attributes of these names. */

interface Place {
  topic: string
  partition: number
  group: string
}

const about = (operation: string, type: string, topic: string): SpanAttributes => ({
  'messaging.system': 'kafka',
  'messaging.operation.name': operation,
  'messaging.operation.type': type,
  'messaging.destination.name': topic
})

const aboutRead = (operation: string, type: string, { topic, partition, group }: Place, offset: string) => ({
  ...about(operation, type, topic),
  'messaging.consumer.group.name': group,
  'messaging.destination.partition.id': String(partition),
  'messaging.kafka.offset': Number(offset)
})

/** A header as text, however it is held. */
function textOf(value: Buffer | string | (Buffer | string)[] | undefined): string | undefined {
  const first = Array.isArray(value) ? value[0] : value
  return first?.toString()
}

/**
 * Calls a handler with events of one partition. Each event whose trace is sampled has a span of its own below its sender's, and what the
 * handler sends because of it hangs below that span. The work on a whole batch, on its database for one, stands in the first of
 * these spans, and the others link to it.
 */
export async function processInSpans(
  place: Place,
  attempt: number,
  events: IncomingEvent[],
  handle: (events: IncomingEvent[]) => Promise<void>
): Promise<void> {
  const traces = new Set(events.map(({ traceparent }) => traceparent))
  const common = traces.size === 1 ? events[0]?.traceparent : undefined
  if (!isTracing()) return await inTraceOf(common, () => handle(events))
  const spans: OpenSpan[] = []
  const traced = events.map((event) => {
    const span = spanOf(place, attempt, event, events.length, spans[0])
    if (!span) return event
    spans.push(span)
    return { ...event, traceparent: span.traceparent, sentIn: event.traceparent }
  })
  const [first] = spans
  if (!first)
    return await inTraceOf(common ?? events.find(({ traceparent }) => traceparent)?.traceparent, () => handle(events))
  let failure: unknown
  try {
    await first.run(() => handle(traced))
  } catch (error) {
    failure = error
    throw error
  } finally {
    for (const span of spans) span.end(failure)
  }
}

function spanOf(place: Place, attempt: number, event: IncomingEvent, count: number, first: OpenSpan | undefined) {
  // What came without any trace begins one where it is alone; in a batch it is part of the others'.
  if (event.traceparent === undefined ? count > 1 : !isSampled(event.traceparent)) return undefined
  return startSpan({
    name: `process ${place.topic}`,
    kind: 'consumer',
    parent: event.traceparent,
    links: first ? [first.traceparent] : [],
    attributes: {
      ...aboutRead('process', 'process', place, event.offset),
      'messaging.message.id': event.id,
      'messaging.kafka.message.key': event.key,
      'cloudevents.event_type': event.definition.type,
      ...(attempt > 1 && { 'gavel.attempt': attempt }),
      ...(count > 1 && !first && { 'messaging.batch.message_count': count })
    }
  })
}

/** The span in which a message is put away, below its sender's; it says why. */
export const deadLetterSpan = (place: Place, message: RawMessage, reason: string, attempts: number) => {
  const parent = textOf(message.headers?.traceparent)
  if (!isSampled(parent)) return undefined
  return startSpan({
    name: `dead-letter ${place.topic}`,
    kind: 'client',
    parent,
    attributes: {
      ...aboutRead('dead-letter', 'settle', place, message.offset),
      'gavel.dead_letter.reason': reason,
      'gavel.attempt': attempts
    }
  })
}

export interface Sending {
  messages: readonly ReadyMessage[]
  end: (error?: unknown) => void
}

const nothingToEnd = (): void => undefined

/** Each message of a sampled trace gets a span below the one it was made in, and carries that span on to its readers. */
export function sendInSpans(messages: readonly ReadyMessage[]): Sending {
  if (!isTracing()) return { messages, end: nothingToEnd }
  const spans: OpenSpan[] = []
  const sent = messages.map((message) => {
    const parent = textOf(message.headers.traceparent)
    if (!isSampled(parent)) return message
    const span = startSpan({
      name: `send ${message.topic}`,
      kind: 'producer',
      parent,
      attributes: {
        ...about('send', 'send', message.topic),
        ...identityOf(message)
      }
    })
    if (!span) return message
    spans.push(span)
    return { ...message, headers: { ...message.headers, traceparent: span.traceparent } }
  })
  if (spans.length === 0) return { messages, end: nothingToEnd }
  return {
    messages: sent,
    end: (error) => {
      for (const span of spans) span.end(error)
    }
  }
}

function identityOf({ key, headers }: ReadyMessage): SpanAttributes {
  const id = textOf(headers.ce_id)
  return {
    ...(id !== undefined && { 'messaging.message.id': id }),
    ...(key !== null && { 'messaging.kafka.message.key': key.toString() })
  }
}
