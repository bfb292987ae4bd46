import type { Pool } from 'pg'
import { isSynthetic } from '@gavel/contracts/canary.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { counter, gauge, histogram } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

export interface PaymentMetrics {
  /** A payment reached this status. */
  outcome(payment: { status: string; sale: Sale }): void
  /** Measures one call to the provider. */
  timed<Result>(ask: string, call: () => Promise<Result>): Promise<Result>
}

const openSql = `
  select status, count(*)::int as count, (extract(epoch from now() - min(changed_at)))::double precision as age_seconds
  from payments
  where next_attempt_at is not null
  group by status`

const openStatuses = ['due', 'capturing', 'cancelling', 'refund-due']

export function createPaymentMetrics({ metrics }: ServiceContext, pool: Pool): PaymentMetrics {
  const outcomes = counter(metrics, {
    name: 'gavel_payments_total',
    help: 'Payments that reached a status.',
    labelNames: ['status']
  })
  // A counter that first appears at 1 shows no increase to whoever watches it.
  for (const status of ['captured', 'declined', 'refunded']) outcomes.inc({ status }, 0)
  const synthetic = counter(metrics, {
    name: 'gavel_synthetic_payments_total',
    help: 'Payments of synthetic sales that reached a status; they are not among the others.',
    labelNames: ['status']
  })
  const calls = histogram(metrics, {
    name: 'gavel_payment_provider_duration_seconds',
    help: 'Calls to the payment provider, repeats included.',
    labelNames: ['operation', 'outcome']
  })
  const oldest = gauge(metrics, {
    name: 'gavel_payments_open_age_seconds',
    help: 'Age of the longest open payment in each unsettled status. A refund that stays here needs a person.',
    labelNames: ['status']
  })
  gauge(metrics, {
    name: 'gavel_payments_open',
    help: 'Payments whose outcome is not settled.',
    labelNames: ['status'],
    async collect() {
      // A scrape must not fail with the database: its own health says so.
      const { rows } = await pool
        .query<{ status: string; count: number; age_seconds: number }>(openSql)
        .catch(() => ({ rows: [] }))
      for (const status of openStatuses) {
        const row = rows.find((candidate) => candidate.status === status)
        this.set({ status }, row?.count ?? 0)
        oldest.set({ status }, row?.age_seconds ?? 0)
      }
    }
  })
  return {
    outcome: ({ status, sale }) => (isSynthetic(sale) ? synthetic : outcomes).inc({ status }),
    async timed(operation, call) {
      const end = calls.startTimer({ operation })
      try {
        const result = await call()
        end({ outcome: 'answered' })
        return result
      } catch (error) {
        end({ outcome: 'unknown' })
        throw error
      }
    }
  }
}
