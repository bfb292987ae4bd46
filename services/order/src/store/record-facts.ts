import { BidFailed, OrderCreated } from '@gavel/contracts/events/sale.ts'
import { orders } from '@gavel/contracts/topics.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import type { PoolClient } from 'pg'
import { decideBatch, type SaleEnd, type SaleFact } from '../domain/batch.ts'
import { begin, type Progress, type Timeouts } from '../domain/progress.ts'
import { insertOrders, insertOutcomes, readEnds } from './end-rows.ts'
import { insertSales, lockSales, updateSales } from './sale-rows.ts'

/**
 * Lets facts happen to their sales, in the caller's transaction: a handful of statements for any number of facts.
 * The sales' rows are locked first, so that three topics and the sweep decide about one sale one after the other.
 */
export async function recordFacts(
  client: PoolClient,
  facts: readonly SaleFact[],
  now: number,
  timeouts: Timeouts
): Promise<SaleEnd[]> {
  if (facts.length === 0) return []
  const first = new Map(facts.toReversed().map(({ sale }) => [sale.orderNumber, sale]))
  await insertSales(
    client,
    [...first.values()].map((sale) => begin(sale, now, timeouts))
  )
  return await recordOnLocked(client, await lockSales(client, [...first.keys()]), facts, { now, at: now, timeouts })
}

/** The same for sales whose rows the transaction holds. `at` is the moment the facts are judged by, `now` the one they are written at. */
export async function recordOnLocked(
  client: PoolClient,
  locked: ReadonlyMap<string, Progress>,
  facts: readonly SaleFact[],
  { now, at, timeouts }: { now: number; at: number; timeouts: Timeouts }
): Promise<SaleEnd[]> {
  const { changed, ends, tellAgain } = decideBatch(locked, facts, at, timeouts)
  await updateSales(client, changed)
  const written = await insertOutcomes(client, ends, now)
  await insertOrders(client, written, now)
  await appendToOutbox(
    client,
    orders,
    written.map((end) => endEvent(end, now))
  )
  // The same id as the first time: who has heard it drops it.
  const asked = new Map(tellAgain.map(({ sale, traceparent }) => [sale.orderNumber, traceparent]))
  const known = await readEnds(client, [...asked.keys()])
  await appendToOutbox(
    client,
    orders,
    known.map(({ sale, end, endedAt }) => endEvent({ sale, end, traceparent: asked.get(sale.orderNumber) }, endedAt))
  )
  return written
}

function endEvent({ sale, end, traceparent }: SaleEnd, now: number): OutgoingEvent {
  const { orderNumber } = sale
  const envelope = {
    key: orderNumber,
    source: 'order',
    subject: orderNumber,
    time: now,
    ...(traceparent !== undefined && { traceparent })
  }
  // One id for both ends: even a reader that knows nothing of sagas takes only one of them.
  const id = `${orderNumber}.end`
  return end.outcome === 'ordered'
    ? { ...envelope, id, definition: OrderCreated, data: { sale, paymentId: end.paymentId, createdAt: now } }
    : { ...envelope, id, definition: BidFailed, data: { sale, reason: end.reason, failedAt: now } }
}
