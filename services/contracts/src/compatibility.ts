import { createHash } from 'node:crypto'
import type { EventDefinition } from './define.ts'
import { plainSchema, type JsonSchema } from './json-schema.ts'
import { topics } from './topics.ts'

/**
 * A published event version never changes, because its readers are deployed apart from its writer and old events stay on the topics.
 * The lock file holds the schema of each version as it was first written.
 */
export interface LockedEvent {
  sha256: string
  schema: JsonSchema
}
export type EventLock = Record<string, LockedEvent>

/** Members in one order at every depth, so that only meaning changes the hash. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      // Words for people may be improved at any time.
      .filter(([name, inner]) => !(name === 'description' && typeof inner === 'string'))
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, inner]) => [name, ordered(inner)])
  )
}

export function lockOf(event: EventDefinition): LockedEvent {
  const schema = ordered(plainSchema(event.data)) as JsonSchema
  return { sha256: createHash('sha256').update(JSON.stringify(schema)).digest('hex'), schema }
}

export const publishedEvents = (): readonly EventDefinition[] => topics.flatMap(({ events }) => events)

export interface LockFindings {
  changed: string[]
  missing: string[]
}

/** What differs between the events and the lock file. */
export function compareWithLock(lock: EventLock, events: readonly EventDefinition[] = publishedEvents()): LockFindings {
  const findings: LockFindings = { changed: [], missing: [] }
  for (const event of events) {
    const locked = lock[event.type]
    if (!locked) findings.missing.push(event.type)
    else if (locked.sha256 !== lockOf(event).sha256) findings.changed.push(event.type)
  }
  return findings
}

/** The lock with the new events added; what is in it stays as it is. */
export function extendLock(lock: EventLock, events: readonly EventDefinition[] = publishedEvents()): EventLock {
  const extended: EventLock = { ...lock }
  for (const event of events) extended[event.type] ??= lockOf(event)
  return Object.fromEntries(Object.entries(extended).sort(([left], [right]) => (left < right ? -1 : 1)))
}
