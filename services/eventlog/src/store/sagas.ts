import type { Saga, SagaState } from '@gavel/contracts/api/sagas.ts'
import type { FailureReason } from '@gavel/contracts/errors.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { PoolClient } from 'pg'
import { sagaOf, type RecordedSaga, type SagaSeen } from '../domain/saga.ts'
import { eventColumns, toEvent, type RawEvent } from './event-rows.ts'

/** The table `sagas`. */

/** Writes the sales anew that the events between two positions tell of. */
export async function tellSagas(client: PoolClient, after: number, upTo: number): Promise<void> {
  const { rows } = await client.query<RawEvent & { order_number: string }>(
    `select order_number, ${eventColumns}
       from events
      where order_number in (
        select order_number from events where position > $1 and position <= $2 and order_number is not null)
        and position <= $2
      order by position`,
    [after, upTo]
  )
  const byOrder = Map.groupBy(rows, ({ order_number }) => order_number)
  const sagas = [...byOrder]
    .flatMap(([orderNumber, own]): RecordedSaga[] => {
      const saga = sagaOf(orderNumber, own.map(toEvent))
      return saga ? [{ ...saga, recordedAt: Math.max(...own.map(({ recorded_at }) => recorded_at.getTime())) }] : []
    })
    .toSorted((left, right) => (left.sale.orderNumber < right.sale.orderNumber ? -1 : 1))
  await write(client, sagas)
}

async function write(client: PoolClient, sagas: readonly RecordedSaga[]): Promise<void> {
  if (sagas.length === 0) return
  await client.query(
    `insert into sagas (order_number, sale, state, stock, payment, reason, synthetic, last_step, last_step_at, ended_at, event_count, last_recorded_at)
     select * from unnest($1::text[], $2::jsonb[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[],
                          $9::timestamptz[], $10::timestamptz[], $11::integer[], $12::timestamptz[])
         on conflict (order_number) do update
        set sale = excluded.sale, state = excluded.state, stock = excluded.stock, payment = excluded.payment,
            reason = excluded.reason, synthetic = excluded.synthetic, last_step = excluded.last_step,
            last_step_at = excluded.last_step_at, ended_at = excluded.ended_at, event_count = excluded.event_count,
            last_recorded_at = excluded.last_recorded_at`,
    [
      sagas.map(({ sale }) => sale.orderNumber),
      sagas.map(({ sale }) => JSON.stringify(sale)),
      sagas.map(({ state }) => state),
      sagas.map(({ stock }) => stock),
      sagas.map(({ payment }) => payment),
      sagas.map(({ reason }) => reason ?? null),
      sagas.map(({ synthetic }) => synthetic),
      sagas.map(({ lastStep }) => lastStep),
      sagas.map(({ lastStepAt }) => new Date(lastStepAt)),
      sagas.map(({ endedAt }) => (endedAt === undefined ? null : new Date(endedAt))),
      sagas.map(({ eventCount }) => eventCount),
      sagas.map(({ recordedAt }) => new Date(recordedAt))
    ]
  )
}

interface RawSaga {
  sale: Sale
  state: SagaState
  stock: Saga['stock']
  payment: Saga['payment']
  reason: FailureReason | null
  synthetic: boolean
  last_step: string
  last_step_at: Date
  ended_at: Date | null
  event_count: number
}
const sagaColumns = `sale, state, stock, payment, reason, synthetic, last_step, last_step_at, ended_at, event_count`

const toSaga = (raw: RawSaga): SagaSeen => ({
  state: raw.state,
  stock: raw.stock,
  payment: raw.payment,
  sale: raw.sale,
  ...(raw.reason !== null && { reason: raw.reason }),
  synthetic: raw.synthetic,
  lastStep: raw.last_step,
  lastStepAt: raw.last_step_at.getTime(),
  ...(raw.ended_at !== null && { endedAt: raw.ended_at.getTime() }),
  eventCount: raw.event_count
})

/** Sales between two order numbers, in their binary order. */
export async function findSagasBetween(
  client: Queryable,
  { after, upTo, limit }: { after: string; upTo: string | null; limit: number }
): Promise<RecordedSaga[]> {
  const { rows } = await client.query<RawSaga & { last_recorded_at: Date }>(
    `select ${sagaColumns}, last_recorded_at
       from sagas
      where order_number > $1 and ($2::text is null or order_number <= $2)
      order by order_number
      limit $3`,
    [after, upTo, limit]
  )
  return rows.map((raw) => ({ ...toSaga(raw), recordedAt: raw.last_recorded_at.getTime() }))
}

/** A place in the listing. The rank is text: it may be larger than a number can be exactly. */
export interface SagaPlace {
  rank: string
  orderNumber: string
}

export interface SagaFilter {
  state?: SagaState | undefined
  /** Confirmed at or before. */
  confirmedBefore?: number | undefined
  auctionId?: string | undefined
  productId?: string | undefined
  userId?: string | undefined
  synthetic: boolean
}

export async function findSagas(
  client: Queryable,
  filter: SagaFilter,
  { behind, limit }: { behind: SagaPlace | undefined; limit: number }
): Promise<{ place: SagaPlace; saga: SagaSeen }[]> {
  const { rows } = await client.query<RawSaga & { rank: string }>(
    `select rank::text as rank, ${sagaColumns}
       from sagas
      where ($1::text is null or state = $1)
        and ($2::bigint is null or confirmed_at_ms <= $2)
        and ($3::text is null or auction_id = $3)
        and ($4::text is null or product_id = $4)
        and ($5::text is null or user_id = $5)
        and synthetic = $6
        and ($7::bigint is null or (rank, order_number) > ($7, $8::text))
      order by sagas.rank, order_number
      limit $9`,
    [
      filter.state ?? null,
      filter.confirmedBefore ?? null,
      filter.auctionId ?? null,
      filter.productId ?? null,
      filter.userId ?? null,
      filter.synthetic,
      behind?.rank ?? null,
      behind?.orderNumber ?? null,
      limit
    ]
  )
  return rows.map(({ rank, ...raw }) => ({ place: { rank, orderNumber: raw.sale.orderNumber }, saga: toSaga(raw) }))
}

export interface SagaCounts {
  open: number
  compensating: number
  ordered: number
  failed: number
  stuck: number
  oldestUnfinishedAt?: number
}

/** `stuckBefore`: what was confirmed by then should be over. Synthetic ones count where they are stuck. */
export async function countSagas(client: Queryable, stuckBefore: number): Promise<SagaCounts> {
  const { rows } = await client.query<{ state: SagaState; sagas: number; stuck: number; oldest: number | null }>(
    `select state,
            count(*) filter (where not synthetic) as sagas,
            count(*) filter (where state in ('open', 'compensating') and confirmed_at_ms <= $1) as stuck,
            min(confirmed_at_ms) filter (where state in ('open', 'compensating')) as oldest
       from sagas
      group by state`,
    [stuckBefore]
  )
  const counts: SagaCounts = { open: 0, compensating: 0, ordered: 0, failed: 0, stuck: 0 }
  for (const { state, sagas, stuck, oldest } of rows) {
    counts[state] = sagas
    counts.stuck += stuck
    if (oldest !== null) counts.oldestUnfinishedAt = Math.min(oldest, counts.oldestUnfinishedAt ?? oldest)
  }
  return counts
}
