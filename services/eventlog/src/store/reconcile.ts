import type { StatementName } from '@gavel/contracts/api/reconciliation.ts'
import type { DataOf } from '@gavel/contracts/define.ts'
import type {
  LedgersStated,
  PaymentsStated,
  ReservationsStated,
  SalesStated,
  StatedRange,
  StockStated
} from '@gavel/contracts/events/statements.ts'
import { stock as stockTopic } from '@gavel/contracts/topics.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import {
  compareEnds,
  compareLedgers,
  comparePayments,
  compareReservations,
  compareStock,
  type Comparison,
  type KnownSale,
  type ProductSales,
  type ToldStock
} from '../domain/reconcile.ts'
import { recordComparison } from './differences.ts'
import { findSagasBetween } from './sagas.ts'

/** A page of what a service has. */
export type Stated =
  | { name: 'ledgers'; data: DataOf<typeof LedgersStated> }
  | { name: 'reservations'; data: DataOf<typeof ReservationsStated> }
  | { name: 'stock'; data: DataOf<typeof StockStated> }
  | { name: 'payments'; data: DataOf<typeof PaymentsStated> }
  | { name: 'sales'; data: DataOf<typeof SalesStated> }

/** Sales of the log that one comparison reads at most: a service that has lost its table names none of a million. */
const SALES = 5_000

type Range = Pick<StatedRange, 'after' | 'upTo'>

/** Compares a page with the log. What changed at or after `before` is left for a later round. */
export async function reconcile(
  pool: Pool,
  stated: Stated,
  { before, now }: { before: number; now: number }
): Promise<Comparison> {
  return await transaction(pool, async (client) => {
    const { range, comparison } = await compare(client, stated, before)
    await recordComparison(client, stated.name satisfies StatementName, range, comparison, now)
    return comparison
  })
}

async function compare(
  client: PoolClient,
  stated: Stated,
  before: number
): Promise<{ range: Range; comparison: Comparison }> {
  switch (stated.name) {
    case 'reservations': {
      const { sagas, range, within } = await sagasOf(client, stated.data)
      const own = stated.data.reservations.filter(({ orderNumber }) => within(orderNumber))
      return { range, comparison: compareReservations(sagas, own, before) }
    }
    case 'payments': {
      const { sagas, range, within } = await sagasOf(client, stated.data)
      const own = stated.data.payments.filter(({ orderNumber }) => within(orderNumber))
      return { range, comparison: comparePayments(sagas, own, before) }
    }
    case 'sales': {
      const { sagas, range, within } = await sagasOf(client, stated.data)
      const own = stated.data.sales.filter(({ orderNumber }) => within(orderNumber))
      return { range, comparison: compareEnds(sagas, own, before) }
    }
    case 'ledgers': {
      const known = await knownSales(client, stated.data)
      return { range: stated.data, comparison: compareLedgers(known, stated.data.ledgers, before) }
    }
    case 'stock': {
      const { products } = stated.data
      const told = await toldStock(
        client,
        products.map(({ productId }) => productId)
      )
      const sales = await productSales(client, stated.data)
      return { range: stated.data, comparison: compareStock(products, told, sales, before) }
    }
  }
}

/** The log's sales of a range; where there are too many, the range ends with the last one read. */
async function sagasOf(client: PoolClient, { after, upTo }: Range) {
  const sagas = await findSagasBetween(client, { after, upTo, limit: SALES })
  const end = sagas.length === SALES ? sagas.at(-1)!.sale.orderNumber : upTo
  const within = (orderNumber: string): boolean => end === null || orderNumber <= end
  return { sagas, range: { after, upTo: end }, within }
}

async function knownSales(client: PoolClient, { after, upTo }: Range): Promise<KnownSale[]> {
  const { rows } = await client.query<{ auction_id: string; order_number: string; last_recorded_at: Date }>(
    `select auction_id, order_number, last_recorded_at
       from sagas
      where auction_id > $1 and ($2::text is null or auction_id <= $2)`,
    [after, upTo]
  )
  return rows.map((row) => ({
    auctionId: row.auction_id,
    orderNumber: row.order_number,
    recordedAt: row.last_recorded_at.getTime()
  }))
}

async function productSales(client: PoolClient, { after, upTo }: Range): Promise<Map<string, ProductSales>> {
  const { rows } = await client.query<{ product_id: string; pieces: number; last_recorded_at: Date }>(
    `select product_id, max(last_recorded_at) as last_recorded_at,
            coalesce(sum((sale ->> 'quantity')::bigint) filter (where state = 'ordered'), 0)::bigint as pieces
       from sagas
      where product_id > $1 and ($2::text is null or product_id <= $2)
      group by product_id`,
    [after, upTo]
  )
  return new Map(
    rows.map((row) => [row.product_id, { orderedPieces: row.pieces, recordedAt: row.last_recorded_at.getTime() }])
  )
}

/** Changes of a product that are looked through for the last one of each location. */
const CHANGES = 200

async function toldStock(client: PoolClient, productIds: readonly string[]): Promise<Map<string, ToldStock[]>> {
  const { rows } = await client.query<{ product_id: string; changes: ToldStock[] }>(
    `select product_id, array_agg(data || jsonb_build_object('recordedAt', floor(extract(epoch from recorded_at) * 1000)::bigint)
                                  order by (data ->> 'version')::bigint) as changes
       from unnest($1::text[]) as product_id
      cross join lateral (
        select data, recorded_at
          from events
         where key = product_id and topic = $2 and type like 'gavel.StockChanged.%'
         order by position desc
         limit $3) as told
      group by product_id`,
    [productIds, stockTopic.name, CHANGES]
  )
  return new Map(
    rows.map(({ product_id, changes }) => [
      product_id,
      // The last of each location stays.
      [...new Map(changes.map((change) => [change.location, change])).values()]
    ])
  )
}
