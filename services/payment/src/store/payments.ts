import type { PoolClient } from 'pg'
import type { Sale } from '@gavel/contracts/primitives.ts'
import type { DeclineReason, Payment, PaymentStatus } from '../domain/payment.ts'

/** The rows of `payments`. Every function runs in its caller's transaction. */

export interface PaymentRow {
  order_number: string
  payment_id: string
  sale: Sale
  status: PaymentStatus['status']
  token: string | null
  charge_id: string | null
  captured_at: string | null
  reason: DeclineReason | null
  provider_code: string | null
  traceparent: string | null
}

/** The table's checks guarantee what is asserted here. */
export function paymentOf(row: PaymentRow): Payment {
  const base = { paymentId: row.payment_id, sale: row.sale }
  switch (row.status) {
    case 'due':
    case 'cancelling':
    case 'cancelled':
      return { ...base, status: row.status }
    case 'capturing':
      return { ...base, status: 'capturing', token: row.token! }
    case 'captured':
      return { ...base, status: 'captured', chargeId: row.charge_id!, capturedAt: Number(row.captured_at) }
    case 'declined':
      return {
        ...base,
        status: 'declined',
        reason: row.reason!,
        ...(row.provider_code === null ? {} : { providerCode: row.provider_code })
      }
    case 'refund-due':
    case 'refunded':
      return { ...base, status: row.status, chargeId: row.charge_id! }
  }
}

const columnsOf = (payment: Payment, traceparent: string | undefined) => ({
  order_number: payment.sale.orderNumber,
  payment_id: payment.paymentId,
  user_id: payment.sale.userId,
  sale: payment.sale,
  status: payment.status,
  token: payment.status === 'capturing' ? payment.token : null,
  charge_id: 'chargeId' in payment ? payment.chargeId : null,
  captured_at: payment.status === 'captured' ? payment.capturedAt : null,
  reason: payment.status === 'declined' ? payment.reason : null,
  provider_code: payment.status === 'declined' ? (payment.providerCode ?? null) : null,
  traceparent: traceparent ?? null
})

const lockSql = `
  select order_number, payment_id, sale, status, token, charge_id, captured_at, reason, provider_code, traceparent
  from payments
  where order_number = any($1::text[])
  order by order_number
  for update`

/** Locks the payments of these sales, always in the same order, so that two transactions cannot wait for each other. */
export async function lockPayments(
  client: PoolClient,
  orderNumbers: readonly string[]
): Promise<Map<string, PaymentRow>> {
  const { rows } = await client.query<PaymentRow>(lockSql, [orderNumbers])
  return new Map(rows.map((row) => [row.order_number, row]))
}

const insertSql = `
  insert into payments (order_number, payment_id, user_id, sale, status, traceparent, next_attempt_at)
  select r.order_number, r.payment_id, r.user_id, r.sale, r.status, r.traceparent,
    case when r.status = 'due' then now() end
  from jsonb_to_recordset($1::jsonb)
    as r(order_number text, payment_id uuid, user_id text, sale jsonb, status text, traceparent text)
  order by r.order_number
  on conflict (order_number) do nothing
  returning order_number`

/** Returns the order numbers that were new. Another transaction may have been first with the rest. */
export async function insertPayments(
  client: PoolClient,
  payments: readonly { payment: Payment; traceparent: string | undefined }[]
): Promise<Set<string>> {
  const records = payments.map(({ payment, traceparent }) => columnsOf(payment, traceparent))
  const { rows } = await client.query<{ order_number: string }>(insertSql, [JSON.stringify(records)])
  return new Set(rows.map((row) => row.order_number))
}

/**
 * A new status starts its own count of attempts. Work that just became possible is due now, except while a capture may be in
 * flight (`cancelling`): whoever holds the claim finishes it first, and if nobody does, its lease ends.
 */
const updateSql = `
  update payments p
  set status = r.status,
    token = coalesce(r.token, p.token),
    charge_id = r.charge_id,
    captured_at = coalesce(r.captured_at, p.captured_at),
    reason = r.reason,
    provider_code = r.provider_code,
    changed_at = now(),
    attempts = case when r.status = 'refund-due' then 0 else p.attempts end,
    next_attempt_at = case r.status
      when 'capturing' then p.next_attempt_at
      when 'cancelling' then p.next_attempt_at
      when 'refund-due' then now()
    end
  from jsonb_to_recordset($1::jsonb)
    as r(order_number text, status text, token text, charge_id text, captured_at bigint, reason text, provider_code text)
  where p.order_number = r.order_number`

export async function updatePayments(client: PoolClient, payments: readonly Payment[]): Promise<void> {
  if (payments.length === 0) return
  await client.query(updateSql, [JSON.stringify(payments.map((payment) => columnsOf(payment, undefined)))])
}

export interface ClaimedRow extends PaymentRow {
  attempts: number
  /** In its status: while capturing, since it was first claimed. */
  age_ms: number
  method_token: string | null
}

/** Takes up what is due, the longest waiting first. Rows that another worker holds are passed over, not waited for. */
const claimSql = `
  with picked as (
    select order_number
    from payments
    where next_attempt_at <= now()
    order by next_attempt_at
    limit $1
    for update skip locked
  )
  update payments p
  set attempts = p.attempts + 1,
    next_attempt_at = now() + $2::double precision * interval '1 millisecond'
  from picked
  where p.order_number = picked.order_number
  returning p.order_number, p.payment_id, p.sale, p.status, p.token, p.charge_id, p.captured_at, p.reason, p.provider_code,
    p.traceparent, p.attempts,
    (extract(epoch from now() - p.changed_at) * 1000)::double precision as age_ms,
    (select m.token from payment_methods m where m.user_id = p.user_id) as method_token`

export async function claimRows(client: PoolClient, limit: number, leaseMs: number): Promise<ClaimedRow[]> {
  const { rows } = await client.query<ClaimedRow>(claimSql, [limit, leaseMs])
  return rows
}

/** Only while the claim is still ours: a lease that ran out has given the row to somebody else. */
const postponeSql = `
  update payments
  set next_attempt_at = now() + $3::double precision * interval '1 millisecond'
  where order_number = $1 and attempts = $2 and next_attempt_at is not null`

export async function postpone(
  client: PoolClient,
  orderNumber: string,
  attempt: number,
  waitMs: number
): Promise<void> {
  await client.query(postponeSql, [orderNumber, attempt, waitMs])
}

export const workChannel = 'payment_work'

/** Wakes the workers of every process once this transaction is committed. */
export async function announceWork(client: PoolClient): Promise<void> {
  await client.query(`notify ${workChannel}`)
}
