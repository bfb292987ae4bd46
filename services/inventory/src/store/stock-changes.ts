import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import type { Client } from 'pg'
import { toProducts, type RawLine } from './stock-rows.ts'

/**
 * What was committed since. `horizon` is the oldest transaction that was still running at the look: whatever became visible after the look
 * was written by it or a later one, so asking again from there misses nothing, however long a transaction took. What is seen
 * twice is harmless, because versions decide.
 */
export interface Changes {
  products: ProductStock[]
  horizon: string
}

export async function readTransactionHorizon(client: Client): Promise<string> {
  const { rows } = await client.query<{ horizon: string }>(
    `select pg_snapshot_xmin(pg_current_snapshot())::text as horizon`
  )
  return rows[0]!.horizon
}

/** One statement, so one snapshot: the figures are those of the look, and the horizon is too. */
export async function readChangedProducts(client: Client, horizon: string): Promise<Changes> {
  const { rows } = await client.query<(RawLine | { product_id: null }) & { horizon: string }>(
    `select look.horizon, line.*
       from (select pg_snapshot_xmin(pg_current_snapshot())::text as horizon) as look
       left join (select product_id, location, available, reserved, sold, supplied, version, changed_at
                    from stock
                   where product_id in (select product_id from stock_history where changed_in >= $1::xid8)) as line on true
      order by product_id, location`,
    [horizon]
  )
  return {
    products: toProducts(rows.filter((row): row is RawLine & { horizon: string } => row.product_id !== null)),
    horizon: rows[0]!.horizon
  }
}
