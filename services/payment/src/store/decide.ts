import type { Pool, PoolClient } from 'pg'
import { PaymentCaptured, PaymentDeclined, PaymentRefunded } from '@gavel/contracts/events/sale.ts'
import { payments as paymentsTopic } from '@gavel/contracts/topics.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import { onClaimed, type Decision, type Payment, type PaymentEvent } from '../domain/payment.ts'
import {
  announceWork,
  claimRows,
  insertPayments,
  lockPayments,
  paymentOf,
  postpone,
  updatePayments,
  type PaymentRow
} from './payments.ts'

/** The one place where a decision becomes rows and events, together or not at all. */

export interface SaleChange {
  orderNumber: string
  traceparent: string | undefined
  decide: (payment: Payment | undefined) => Decision
}

/** Applies what a batch of events says about sales, each seeing what the ones before it did. */
export async function applyToSales(client: PoolClient, changes: readonly SaleChange[]): Promise<void> {
  for (let left = changes; left.length > 0;) {
    const rows = await lockPayments(client, [...new Set(left.map((change) => change.orderNumber))].toSorted())
    const traces = new Map(left.map((change) => [change.orderNumber, change.traceparent]))
    const before = new Map([...rows].map(([orderNumber, row]) => [orderNumber, paymentOf(row)]))
    const after = new Map(before)
    const events: OutgoingEvent[] = []
    for (const { orderNumber, decide } of left) {
      const decision = decide(after.get(orderNumber))
      after.set(orderNumber, decision.next)
      events.push(...outgoing(decision, rows.get(orderNumber)?.traceparent ?? traces.get(orderNumber)))
    }

    const changed = [...after].filter(([orderNumber, payment]) => payment !== before.get(orderNumber))
    const fresh = changed.filter(([orderNumber]) => !before.has(orderNumber))
    await updatePayments(
      client,
      changed.filter(([orderNumber]) => before.has(orderNumber)).map(([, payment]) => payment)
    )
    const inserted = await insertPayments(
      client,
      fresh.map(([orderNumber, payment]) => ({ payment, traceparent: traces.get(orderNumber) }))
    )
    // Another transaction inserted the rest between our look and our insert: decide those again on what it wrote.
    const lost = new Set(fresh.map(([orderNumber]) => orderNumber).filter((orderNumber) => !inserted.has(orderNumber)))
    await append(
      client,
      events.filter((event) => !lost.has(event.key))
    )
    left = left.filter((change) => lost.has(change.orderNumber))
  }
  await announceWork(client)
}

export interface Claim {
  payment: Payment
  /** Of the event that asked for it. */
  traceparent: string | undefined
  attempt: number
  /** Since the payment has its status: while capturing, since the provider was first asked. */
  ageMs: number
}

/** Takes up due work. What a claim decides by itself (no payment method) is told in the same transaction. */
export async function claim(pool: Pool, limit: number, leaseMs: number, now: number): Promise<Claim[]> {
  return await transaction(pool, async (client) => {
    const rows = await claimRows(client, limit, leaseMs)
    const decided = rows.map((row) => {
      const before = paymentOf(row)
      return { row, before, decision: onClaimed(before, row.method_token ?? undefined, now) }
    })
    await updatePayments(
      client,
      decided.filter(({ before, decision }) => decision.next !== before).map(({ decision }) => decision.next)
    )
    await append(
      client,
      decided.flatMap(({ row, decision }) => outgoing(decision, row.traceparent ?? undefined))
    )
    return decided.map(({ row, decision }) => ({
      payment: decision.next,
      traceparent: row.traceparent ?? undefined,
      attempt: row.attempts,
      ageMs: row.age_ms
    }))
  })
}

/** Applies an answer to the payment as it is now, which may be further than the one that was asked about. */
export async function settle(
  pool: Pool,
  orderNumber: string,
  decide: (payment: Payment) => Decision
): Promise<Decision> {
  return await transaction(pool, async (client) => {
    const row = (await lockPayments(client, [orderNumber])).get(orderNumber)
    if (!row) throw new Error(`The payment of ${orderNumber} was asked about and is not there`)
    const before = paymentOf(row)
    const decision = decide(before)
    if (decision.next !== before) await updatePayments(client, [decision.next])
    await append(client, outgoing(decision, row.traceparent ?? undefined))
    if (decision.next.status === 'refund-due') await announceWork(client)
    return decision
  })
}

export async function postponeClaim(pool: Pool, { payment, attempt }: Claim, waitMs: number): Promise<void> {
  await transaction(pool, (client) => postpone(client, payment.sale.orderNumber, attempt, waitMs))
}

const readSql = `
  select order_number, payment_id, sale, status, token, charge_id, captured_at, reason, provider_code, traceparent,
    (extract(epoch from changed_at) * 1000)::bigint as changed_at_ms
  from payments
  where order_number = $1`

export async function readPayment(
  pool: Pool,
  orderNumber: string
): Promise<{ payment: Payment; changedAt: number } | undefined> {
  const { rows } = await pool.query<PaymentRow & { changed_at_ms: string }>(readSql, [orderNumber])
  return rows[0] && { payment: paymentOf(rows[0]), changedAt: Number(rows[0].changed_at_ms) }
}

async function append(client: PoolClient, events: OutgoingEvent[]): Promise<void> {
  if (events.length > 0) await appendToOutbox(client, paymentsTopic, events)
}

/** Ids are derived: the same fact has the same id, however often it is written. */
function outgoing({ next, events }: Decision, traceparent: string | undefined): OutgoingEvent[] {
  return events.map((event) => ({
    ...dataOf(next, event),
    key: next.sale.orderNumber,
    id: `${next.paymentId}.${event.name}`,
    source: 'payment',
    subject: next.sale.orderNumber,
    time: event.at,
    ...(traceparent === undefined ? {} : { traceparent })
  }))
}

function dataOf({ sale, paymentId }: Payment, event: PaymentEvent) {
  switch (event.name) {
    case 'PaymentCaptured':
      return { definition: PaymentCaptured, data: { sale, paymentId, capturedAt: event.at } }
    case 'PaymentDeclined':
      return {
        definition: PaymentDeclined,
        data: {
          sale,
          paymentId,
          reason: event.reason,
          ...(event.providerCode === undefined ? {} : { providerCode: event.providerCode }),
          declinedAt: event.at
        }
      }
    case 'PaymentRefunded':
      return { definition: PaymentRefunded, data: { sale, paymentId, refundedAt: event.at } }
  }
}
