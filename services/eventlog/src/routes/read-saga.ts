import type { RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import type { readSaga } from '@gavel/contracts/api/sagas.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { isStuck, sagaOf, stepsOf } from '../domain/saga.ts'
import { foldOrder } from '../store/read-history.ts'

/** From the events themselves and not from the table, so that it is never behind the log. */
export const createReadSaga =
  (pool: Pool, stuckMs: number): Handler<typeof readSaga> =>
  async ({ params: { orderNumber }, now }) => {
    const events: RecordedEvent[] = []
    await foldOrder(pool, { orderNumber, at: LATEST_MS }, events, (all, event) => {
      all.push(event)
      return all
    })
    const saga = sagaOf(orderNumber, events)
    if (!saga) throw new Refusal('SALE_NOT_FOUND')
    return {
      status: 200,
      body: { saga: { ...saga, stuck: isStuck(saga, now, stuckMs) }, steps: stepsOf(orderNumber, events) }
    }
  }

/** The end of what a date can be: the clock of a sender may be ahead of ours. */
const LATEST_MS = 8_640_000_000_000_000
