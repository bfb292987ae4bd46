import { HISTORY_LIMIT, type RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { eventColumns, toEvent, type RawEvent } from './event-rows.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'

/** The events that a history is folded from, in pages by position. */

const PAGE = 500

type ReadPage = (after: number) => Promise<RecordedEvent[]>

async function foldPages<State>(readPage: ReadPage, begin: State, fold: (state: State, event: RecordedEvent) => State) {
  let state = begin
  let after = 0
  for (let count = 0; ;) {
    const events = await readPage(after)
    state = events.reduce(fold, state)
    count += events.length
    if (events.length < PAGE) return state
    if (count >= HISTORY_LIMIT) throw new Refusal('HISTORY_TOO_LONG', { limit: HISTORY_LIMIT })
    after = events.at(-1)!.position
  }
}

/** Folds what happened to one key of some topics up to a moment. */
export function foldKey<State>(
  client: Queryable,
  { key, topics, at }: { key: string; topics: readonly string[]; at: number },
  begin: State,
  fold: (state: State, event: RecordedEvent) => State
): Promise<State> {
  const readPage: ReadPage = async (after) => {
    const { rows } = await client.query<RawEvent>(
      `select ${eventColumns}
         from events
        where key = $1
          and topic = any($2::text[])
          and time <= $3
          and position > $4
        order by position
        limit $5`,
      [key, topics, new Date(at), after, PAGE]
    )
    return rows.map(toEvent)
  }
  return foldPages(readPage, begin, fold)
}

/** Folds the events of one sale up to a moment, whichever topic they came on. */
export function foldOrder<State>(
  client: Queryable,
  { orderNumber, at }: { orderNumber: string; at: number },
  begin: State,
  fold: (state: State, event: RecordedEvent) => State
): Promise<State> {
  const readPage: ReadPage = async (after) => {
    const { rows } = await client.query<RawEvent>(
      `select ${eventColumns}
         from events
        where order_number = $1
          and time <= $2
          and position > $3
        order by position
        limit $4`,
      [orderNumber, new Date(at), after, PAGE]
    )
    return rows.map(toEvent)
  }
  return foldPages(readPage, begin, fold)
}
