import { canaryPrefix } from '@gavel/contracts/canary.ts'
import type { SaleProgress } from '@gavel/contracts/api/order.ts'
import type { FailureReason } from '@gavel/contracts/errors.ts'
import type { Position } from './cursor.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { toProgress } from './sale-rows.ts'

type RawSaleProgress = Parameters<typeof toProgress>[0] & { reason: FailureReason | null; ended_at: Date | null }

function toSaleProgress(raw: RawSaleProgress): SaleProgress {
  const progress: SaleProgress = { ...toProgress(raw) }
  if (raw.reason !== null) progress.reason = raw.reason
  if (raw.ended_at !== null) progress.endedAt = raw.ended_at.getTime()
  return progress
}

export interface SaleFilter {
  status: SaleProgress['status'] | undefined
  auctionId: string | undefined
  productId: string | undefined
  after: Position | undefined
  limit: number
}

/** Newest first; one row more than the limit tells whether a page follows. */
export async function findSales(
  client: Queryable,
  { status, auctionId, productId, after, limit }: SaleFilter
): Promise<SaleProgress[]> {
  const { rows } = await client.query<RawSaleProgress>(
    `select order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
            stock, payment, status, started_at, deadline_at, reason, ended_at
       from sales
       left join outcomes using (order_number)
      where ($1::text is null or status = $1)
        and ($2::text is null or auction_id = $2)
        and ($3::text is null or product_id = $3)
        and ($4::timestamptz is null or (started_at, order_number) < ($4, $5::text))
      order by started_at desc, order_number desc
      limit $6`,
    [
      status ?? null,
      auctionId ?? null,
      productId ?? null,
      after ? new Date(after.time) : null,
      after?.orderNumber ?? null,
      limit + 1
    ]
  )
  return rows.map(toSaleProgress)
}

export async function findSale(client: Queryable, orderNumber: string): Promise<SaleProgress | undefined> {
  const { rows } = await client.query<RawSaleProgress>(
    `select order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
            stock, payment, status, started_at, deadline_at, reason, ended_at
       from sales
       left join outcomes using (order_number)
      where order_number = $1`,
    [orderNumber]
  )
  return rows[0] && toSaleProgress(rows[0])
}

export interface SaleCounts {
  open: number
  ordered: number
  failed: number
  reasons: Record<string, number>
}

/** Synthetic sales are counted only where their product is asked for. */
export async function countSales(client: Queryable, productId: string | undefined): Promise<SaleCounts> {
  const { rows } = await client.query<{ status: SaleProgress['status']; reason: FailureReason | null; sales: string }>(
    `select status, reason, count(*) as sales
       from sales
       left join outcomes using (order_number)
      where case when $1::text is null then not starts_with(product_id, $2) else product_id = $1 end
      group by status, reason`,
    [productId ?? null, canaryPrefix]
  )
  const counts: SaleCounts = { open: 0, ordered: 0, failed: 0, reasons: {} }
  for (const { status, reason, sales } of rows) {
    counts[status] += Number(sales)
    if (reason !== null) counts.reasons[reason] = Number(sales)
  }
  return counts
}

/** When the oldest open sale began; its age is what an operator watches. */
export async function findOldestOpen(client: Queryable): Promise<number | undefined> {
  const { rows } = await client.query<{ started_at: Date | null }>(
    `select min(started_at) as started_at from sales where status = 'open'`
  )
  const oldest = rows[0]?.started_at
  return oldest === null || oldest === undefined ? undefined : oldest.getTime()
}
