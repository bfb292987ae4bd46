import type { RecordedEvent, SaleAt } from '@gavel/contracts/api/eventlog.ts'
import type { Saga, SagaStanding, SagaState, SagaStory } from '@gavel/contracts/api/sagas.ts'
import { foldSale, untoldSale, type SaleStory } from './sale-history.ts'
import { isSynthetic } from '@gavel/contracts/canary.ts'

/** A sale's history as a saga: is it over, and how it came to that step by step. */

export type SagaSeen = Omit<Saga, 'stuck'>

/** With the time at which the log took its latest event. */
export type RecordedSaga = SagaSeen & { recordedAt: number }

/** What was taken for a sale that failed, and has not come back. */
const owes = ({ stock, payment }: Pick<SaleAt, 'stock' | 'payment'>): boolean =>
  stock === 'reserved' || payment === 'captured'

const stateOf = (story: Pick<SaleAt, 'status' | 'stock' | 'payment'>): SagaState =>
  story.status === 'failed' && owes(story) ? 'compensating' : story.status

const standingOf = (story: SaleStory): SagaStanding => ({
  state: stateOf(story),
  stock: story.stock,
  payment: story.payment
})

const inTime = (events: readonly RecordedEvent[]): RecordedEvent[] =>
  events.toSorted((left, right) => left.time - right.time || left.position - right.position)

/** Undefined where no event told what was sold. */
export function sagaOf(orderNumber: string, events: readonly RecordedEvent[]): SagaSeen | undefined {
  const story = events.reduce(foldSale, untoldSale(orderNumber))
  const last = story.steps.at(-1)
  if (!story.sale || !last) return undefined
  return {
    ...standingOf(story),
    sale: story.sale,
    ...(story.reason !== undefined && { reason: story.reason }),
    synthetic: isSynthetic(story.sale),
    lastStep: last.name,
    lastStepAt: last.time,
    ...(story.endedAt !== undefined && { endedAt: story.endedAt }),
    eventCount: story.eventCount
  }
}

/** A sale that is not over for longer than sales take. */
export const isStuck = ({ state, sale }: Pick<Saga, 'state' | 'sale'>, now: number, stuckMs: number): boolean =>
  (state === 'open' || state === 'compensating') && sale.confirmedAt <= now - stuckMs

/** `00-<trace>-<span>-<flags>`. */
const traceIdOf = (traceparent: string | undefined): string | undefined => traceparent?.split('-')[1]

export function stepsOf(orderNumber: string, events: readonly RecordedEvent[]): SagaStory['steps'] {
  let story = untoldSale(orderNumber)
  let before: number | undefined
  return inTime(events).map((event) => {
    story = foldSale(story, event)
    const { reason } = event.data as { reason?: string }
    const traceId = traceIdOf(event.traceparent)
    const afterMs = before === undefined ? undefined : event.time - before
    before = event.time
    return {
      name: event.type.split('.')[1] ?? event.type,
      topic: event.topic,
      time: event.time,
      position: event.position,
      eventId: event.eventId,
      source: event.source,
      ...(traceId !== undefined && { traceId }),
      ...(reason !== undefined && { reason }),
      ...(afterMs !== undefined && { afterMs }),
      standing: standingOf(story)
    }
  })
}
