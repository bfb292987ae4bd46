import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import { stock } from '@gavel/contracts/topics.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { adjust, type Adjustment } from '../domain/adjust.ts'
import { stockChanged } from './events.ts'
import { lockStock, readProductStock, writeAvailable } from './stock-rows.ts'

/** Adds to or takes from the available pieces of one place, once for each adjustment id. */
export function adjustStock(
  pool: Pool,
  adjustment: Adjustment & { reason: string; adjustedBy: string },
  now: number
): Promise<ProductStock> {
  return transaction(pool, async (client) => {
    const { productId, location } = adjustment
    const rows = await lockStock(client, [productId])
    const available = rows.find((row) => row.location === location)?.available
    const decision = adjust(await readAdjustment(client, adjustment.adjustmentId), available, adjustment)
    if (decision.outcome === 'refused') throw new Refusal(decision.code, decision.details)
    if (decision.outcome === 'applied') {
      await insertAdjustment(client, adjustment, now)
      const changed = await writeAvailable(client, { productId, location, available: decision.available }, now)
      if (changed) await appendToOutbox(client, stock, [stockChanged(changed, 'adjusted', now)])
    }
    const after = await readProductStock(client, productId)
    if (!after) throw new Refusal('STOCK_NOT_FOUND')
    return after
  })
}

async function readAdjustment(client: PoolClient, adjustmentId: string): Promise<Adjustment | undefined> {
  const { rows } = await client.query<{ product_id: string; location: string; delta: number }>(
    `select product_id, location, delta from adjustments where adjustment_id = $1`,
    [adjustmentId]
  )
  const row = rows[0]
  return row && { adjustmentId, productId: row.product_id, location: row.location, delta: row.delta }
}

async function insertAdjustment(
  client: PoolClient,
  adjustment: Adjustment & { reason: string; adjustedBy: string },
  now: number
): Promise<void> {
  // Two products' rows do not lock each other: the same id used for both at once meets here, at the primary key.
  const { rowCount } = await client.query(
    `insert into adjustments (adjustment_id, product_id, location, delta, reason, adjusted_by, adjusted_at)
     values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (adjustment_id) do nothing`,
    [
      adjustment.adjustmentId,
      adjustment.productId,
      adjustment.location,
      adjustment.delta,
      adjustment.reason,
      adjustment.adjustedBy,
      new Date(now)
    ]
  )
  if (rowCount === 0) throw new Refusal('ADJUSTMENT_ID_REUSED')
}
