import type { Sale } from '@gavel/contracts/primitives.ts'
import type { PaymentStep, Progress, StockStep } from '../domain/progress.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'

/** The table `sales`: where each sale stands. Several rows are always taken in the order of their keys, so that none wait in a circle. */

export interface RawSale {
  order_number: string
  auction_id: string
  product_id: string
  user_id: string
  quantity: number
  unit_price_minor: number
  total_minor: number
  currency: string
  confirmed_at: Date
}
interface RawProgress extends RawSale {
  stock: StockStep
  payment: PaymentStep
  status: Progress['status']
  started_at: Date
  deadline_at: Date
}

export const toSale = (raw: RawSale): Sale => ({
  orderNumber: raw.order_number,
  auctionId: raw.auction_id,
  productId: raw.product_id,
  userId: raw.user_id,
  quantity: raw.quantity,
  unitPriceMinor: raw.unit_price_minor,
  totalMinor: raw.total_minor,
  currency: raw.currency,
  confirmedAt: raw.confirmed_at.getTime()
})

export const toProgress = (raw: RawProgress): Progress => ({
  sale: toSale(raw),
  stock: raw.stock,
  payment: raw.payment,
  status: raw.status,
  startedAt: raw.started_at.getTime(),
  deadlineAt: raw.deadline_at.getTime()
})

/** The columns of a sale as arrays for `unnest`, in the order of {@link RawSale}. */
export const saleColumns = (sales: readonly Sale[]): unknown[][] => [
  sales.map(({ orderNumber }) => orderNumber),
  sales.map(({ auctionId }) => auctionId),
  sales.map(({ productId }) => productId),
  sales.map(({ userId }) => userId),
  sales.map(({ quantity }) => quantity),
  sales.map(({ unitPriceMinor }) => unitPriceMinor),
  sales.map(({ totalMinor }) => totalMinor),
  sales.map(({ currency }) => currency),
  sales.map(({ confirmedAt }) => new Date(confirmedAt))
]

/** Writes sales that are heard of for the first time. One that is known already keeps its row. */
export async function insertSales(client: Queryable, begun: readonly Progress[]): Promise<void> {
  await client.query(
    `insert into sales (order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
                        stock, payment, status, started_at, deadline_at)
     select order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
            'waiting', 'waiting', 'open', started_at, deadline_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[], $8::text[],
                   $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
         as begun (order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency,
                   confirmed_at, started_at, deadline_at)
      order by order_number
         on conflict (order_number) do nothing`,
    [
      ...saleColumns(begun.map(({ sale }) => sale)),
      begun.map(({ startedAt }) => new Date(startedAt)),
      begun.map(({ deadlineAt }) => new Date(deadlineAt))
    ]
  )
}

/** Locks sales until the end of the transaction: three topics and the sweep meet here, one at a time for each sale. */
export async function lockSales(client: Queryable, orderNumbers: readonly string[]): Promise<Map<string, Progress>> {
  const { rows } = await client.query<RawProgress>(
    `select order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
            stock, payment, status, started_at, deadline_at
       from sales
      where order_number = any ($1::text[])
      order by order_number
        for update`,
    [orderNumbers]
  )
  return new Map(rows.map((raw) => [raw.order_number, toProgress(raw)]))
}

/** Locks up to `limit` open sales whose deadline is past; those a consumer is busy with are left to the next sweep. */
export async function lockOverdueSales(client: Queryable, at: number, limit: number): Promise<Map<string, Progress>> {
  const { rows } = await client.query<RawProgress>(
    `select order_number, auction_id, product_id, user_id, quantity, unit_price_minor, total_minor, currency, confirmed_at,
            stock, payment, status, started_at, deadline_at
       from sales
      where status = 'open' and deadline_at <= $1
      order by deadline_at
      limit $2
        for update skip locked`,
    [new Date(at), limit]
  )
  return new Map(rows.map((raw) => [raw.order_number, toProgress(raw)]))
}

export async function updateSales(client: Queryable, changed: readonly Progress[]): Promise<void> {
  if (changed.length === 0) return
  await client.query(
    `update sales
        set stock = changed.stock,
            payment = changed.payment,
            status = changed.status,
            deadline_at = changed.deadline_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
         as changed (order_number, stock, payment, status, deadline_at)
      where sales.order_number = changed.order_number`,
    [
      changed.map(({ sale }) => sale.orderNumber),
      changed.map(({ stock }) => stock),
      changed.map(({ payment }) => payment),
      changed.map(({ status }) => status),
      changed.map(({ deadlineAt }) => new Date(deadlineAt))
    ]
  )
}
