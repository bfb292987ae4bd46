import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import { LOCATIONS_MAX } from '@gavel/contracts/primitives.ts'
import { stock } from '@gavel/contracts/topics.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool } from 'pg'
import { stockChanged } from './events.ts'
import { lockStock, readProductStock, writeAvailable } from './stock-rows.ts'

/** Sets the available pieces of one place, which begins to exist by it. Told twice, it changes nothing the second time. */
export function setStock(
  pool: Pool,
  place: { productId: string; location: string; available: number },
  now: number
): Promise<ProductStock> {
  return transaction(pool, async (client) => {
    const rows = await lockStock(client, [place.productId])
    if (rows.length >= LOCATIONS_MAX && !rows.some(({ location }) => location === place.location)) {
      throw new Refusal('STOCK_LOCATIONS_LIMIT', { limit: LOCATIONS_MAX })
    }
    const changed = await writeAvailable(client, place, now)
    if (changed) await appendToOutbox(client, stock, [stockChanged(changed, 'set', now)])
    const after = await readProductStock(client, place.productId)
    if (!after) throw new Error(`The stock of ${place.productId} is gone within the transaction that wrote it`)
    return after
  })
}
