import type { StockHistoryEntry } from '@gavel/contracts/api/inventory.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { fromCursor, toCursor, toPage } from './cursor.ts'

interface Raw {
  position: number
  location: string
  version: number
  reason: StockHistoryEntry['reason']
  available_change: number
  reserved_change: number
  sold_change: number
  available: number
  reserved: number
  sold: number
  actor: string
  note: string | null
  command_id: string | null
  order_number: string | null
  changed_at: Date
}

const toEntry = (raw: Raw): StockHistoryEntry => ({
  position: raw.position,
  location: raw.location,
  version: raw.version,
  reason: raw.reason,
  change: { available: raw.available_change, reserved: raw.reserved_change, sold: raw.sold_change },
  after: { available: raw.available, reserved: raw.reserved, sold: raw.sold },
  actor: raw.actor,
  ...(raw.note !== null && { note: raw.note }),
  ...(raw.command_id !== null && { commandId: raw.command_id }),
  ...(raw.order_number !== null && { orderNumber: raw.order_number }),
  changedAt: raw.changed_at.getTime()
})

export interface HistoryQuery {
  location?: string | undefined
  orderNumber?: string | undefined
  cursor?: string | undefined
  limit: number
}

/** Every change of a product's stock, newest first. */
export async function readHistory(
  client: Queryable,
  productId: string,
  { location, orderNumber, cursor, limit }: HistoryQuery
): Promise<{ items: StockHistoryEntry[]; nextCursor?: string }> {
  const after = fromCursor(cursor, /^\d{1,15}$/)
  const { rows } = await client.query<Raw>(
    `select position, location, version, reason, available_change, reserved_change, sold_change,
            available, reserved, sold, actor, note, command_id, order_number, changed_at
       from stock_history
      where product_id = $1
        and ($2::text is null or location = $2)
        and ($3::text is null or order_number = $3)
        and ($4::bigint is null or position < $4)
      order by position desc
      limit $5`,
    [productId, location ?? null, orderNumber ?? null, after?.[0] ?? null, limit + 1]
  )
  return toPage(rows.map(toEntry), limit, ({ position }) => toCursor(position))
}
