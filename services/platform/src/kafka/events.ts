import type { ValidateFunction } from 'ajv'
import type { DataOf, EventDefinition } from '@gavel/contracts/define.ts'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import { createAjv, explain } from '../schema.ts'
import { isTraceparent } from '../telemetry.ts'
import { replayGroupOf } from './replay.ts'

/** CloudEvents 1.0 in Kafka's binary mode: the data is the message's value, everything about it is in the headers. */

export interface OutgoingEvent<Definition extends EventDefinition = EventDefinition> {
  definition: Definition
  key: string
  data: DataOf<Definition>
  /** Stable: the same event published twice has the same id, and every consumer's inbox drops the second. */
  id: string
  source: string
  subject?: string
  /** Milliseconds since the Unix epoch. */
  time: number
  traceparent?: string
}

interface IncomingMembers {
  id: string
  key: string
  time: number
  subject: string | undefined
  source: string
  /** Where what follows from the event belongs: the span of its processing where there is one, else what the message carries. */
  traceparent?: string
  /** What the message carries, where that is another. */
  sentIn?: string | undefined
  /** Sent again for this group: nothing may leave the platform because of it. */
  replayed?: true
  topic: string
  partition: number
  offset: string
}

/** Distributes over a union of definitions, so that `name` tells the type of `data`. */
export type IncomingEvent<Definition extends EventDefinition = EventDefinition> = Definition extends EventDefinition
  ? IncomingMembers & { definition: Definition; name: Definition['name']; data: DataOf<Definition> }
  : never

/** What goes over the wire. Text, because outbox rows hold it too. */
export interface EncodedEvent {
  key: string
  value: string
  headers: Record<string, string>
}

const ajv = createAjv({ coerce: false })
const validators = new WeakMap<EventDefinition, ValidateFunction>()

/** Throws a TypeError that names the member at fault. */
function check(definition: EventDefinition, data: unknown): void {
  let validate = validators.get(definition)
  if (!validate) validators.set(definition, (validate = ajv.compile(plainSchema(definition.data))))
  if (validate(data)) return
  throw new TypeError(`${definition.type}: ${explain(validate.errors ?? [], 'data').detail}`)
}

/** Throws where the data do not fit the published schema: a bug of the sender, found before anyone else sees it. */
export function encodeEvent(event: OutgoingEvent): EncodedEvent {
  check(event.definition, event.data)
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: event.definition.type,
    ce_source: event.source,
    ce_time: new Date(event.time).toISOString(),
    'content-type': 'application/json'
  }
  if (event.subject !== undefined) headers.ce_subject = event.subject
  if (event.traceparent !== undefined) headers.traceparent = event.traceparent
  return { key: event.key, value: JSON.stringify(event.data), headers }
}

/** A message as the broker gives it. */
export interface RawMessage {
  key: Buffer | null
  value: Buffer | null
  headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>
  timestamp: string
  offset: string
}

/** The message is not an event of this topic. It never will be, so there is no use in trying again. */
export class Undecodable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Undecodable'
  }
}

function header(message: RawMessage, name: string): string | undefined {
  const value = message.headers?.[name]
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined ? undefined : first.toString()
}

function required(message: RawMessage, name: string): string {
  const value = header(message, name)
  if (value === undefined || value === '') throw new Undecodable(`The message lacks the header ${name}`)
  return value
}

export function decodeEvent(
  definitions: ReadonlyMap<string, EventDefinition>,
  message: RawMessage,
  place: { topic: string; partition: number }
): IncomingEvent {
  const type = required(message, 'ce_type')
  const definition = definitions.get(type)
  if (!definition) throw new Undecodable(`There is no event ${type.slice(0, 100)} on this topic`)
  const event = {
    definition,
    name: definition.name,
    id: required(message, 'ce_id'),
    source: required(message, 'ce_source'),
    subject: header(message, 'ce_subject'),
    key: message.key?.toString() ?? '',
    time: Date.parse(header(message, 'ce_time') ?? '') || Number(message.timestamp),
    data: dataOf(definition, message),
    topic: place.topic,
    partition: place.partition,
    offset: message.offset,
    ...(replayGroupOf(message) !== undefined && { replayed: true })
  }
  const traceparent = header(message, 'traceparent')
  return (isTraceparent(traceparent) ? { ...event, traceparent } : event) as IncomingEvent
}

function dataOf(definition: EventDefinition, message: RawMessage): unknown {
  try {
    const data: unknown = JSON.parse(message.value?.toString() ?? '')
    check(definition, data)
    return data
  } catch (error) {
    throw new Undecodable((error as Error).message.slice(0, 300), { cause: error })
  }
}
