import type { DataOf, EventDefinition } from '@gavel/contracts/define.ts'
import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'

/** The data of an event if it is of this kind. What the wire and the log hold was checked against the schema before. */
export const dataIf = <Definition extends EventDefinition>(
  definition: Definition,
  event: RecordedEvent
): DataOf<Definition> | undefined => (event.type === definition.type ? (event.data as DataOf<Definition>) : undefined)

/** What every fold counts. */
export interface Folded {
  eventCount: number
  lastPosition: number
}

export const countIn = (folded: Folded, event: RecordedEvent): Folded => ({
  eventCount: folded.eventCount + 1,
  lastPosition: Math.max(folded.lastPosition, event.position)
})
