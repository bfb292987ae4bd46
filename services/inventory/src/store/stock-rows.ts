import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import { fromCursor, toCursor, toPage } from './cursor.ts'
import { effects, type Movement, type MovementKind, type Stock } from '../domain/stock.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'

/** The table `stock`: one row a product and location. Every statement that takes several rows takes them in key order. */
export interface StockRow extends Stock {
  version: number
  changedAt: number
}

interface Raw {
  product_id: string
  location: string
  available: number
  reserved: number
  sold: number
  version: number
  changed_at: Date
}

const toRow = (raw: Raw): StockRow => ({
  productId: raw.product_id,
  location: raw.location,
  available: raw.available,
  reserved: raw.reserved,
  sold: raw.sold,
  version: raw.version,
  changedAt: raw.changed_at.getTime()
})

/** Locks the products' rows until the end of the transaction: whoever decides about a product holds them. */
export async function lockStock(client: Queryable, productIds: readonly string[]): Promise<StockRow[]> {
  const { rows } = await client.query<Raw>(
    `select product_id, location, available, reserved, sold, version, changed_at
       from stock
      where product_id = any ($1::text[])
      order by product_id, location
        for update`,
    [productIds]
  )
  return rows.map(toRow)
}

/** Moves pieces between figures: one row update for each place, however many sales are behind it. */
export async function moveStock(
  client: Queryable,
  kind: MovementKind,
  movements: readonly Movement[],
  now: number
): Promise<StockRow[]> {
  if (movements.length === 0) return []
  const { available, reserved, sold } = effects[kind]
  const { rows } = await client.query<Raw>(
    `update stock
        set available = stock.available + moved.quantity * $4,
            reserved = stock.reserved + moved.quantity * $5,
            sold = stock.sold + moved.quantity * $6,
            version = stock.version + 1,
            changed_at = $7
       from unnest($1::text[], $2::text[], $3::bigint[]) as moved (product_id, location, quantity)
      where stock.product_id = moved.product_id
        and stock.location = moved.location
  returning stock.product_id, stock.location, stock.available, stock.reserved, stock.sold, stock.version, stock.changed_at`,
    [
      movements.map(({ productId }) => productId),
      movements.map(({ location }) => location),
      movements.map(({ quantity }) => quantity),
      available,
      reserved,
      sold,
      new Date(now)
    ]
  )
  if (rows.length !== movements.length)
    throw new Error(`Pieces were to move at ${movements.length} places but only ${rows.length} exist`)
  return rows.map(toRow)
}

/** Writes the available pieces of one place. Answers nothing where they were that many already. */
export async function writeAvailable(
  client: Queryable,
  place: { productId: string; location: string; available: number },
  now: number
): Promise<StockRow | undefined> {
  const { rows } = await client.query<Raw>(
    `insert into stock (product_id, location, available, changed_at)
     values ($1, $2, $3, $4)
         on conflict (product_id, location) do update
        set available = excluded.available,
            version = stock.version + 1,
            changed_at = excluded.changed_at
      where stock.available <> excluded.available
  returning product_id, location, available, reserved, sold, version, changed_at`,
    [place.productId, place.location, place.available, new Date(now)]
  )
  return rows[0] && toRow(rows[0])
}

/** A product's stock over all its locations, or nothing where none is kept. */
export async function readProductStock(client: Queryable, productId: string): Promise<ProductStock | undefined> {
  const { rows } = await client.query<Raw>(
    `select product_id, location, available, reserved, sold, version, changed_at
       from stock
      where product_id = $1
      order by location`,
    [productId]
  )
  return rows.length === 0 ? undefined : toProductStock(productId, rows.map(toRow))
}

/** The stock of products by their id: of all, or of those kept at one location. */
export async function listProductStock(
  client: Queryable,
  { location, cursor, limit }: { location?: string | undefined; cursor?: string | undefined; limit: number }
): Promise<{ items: ProductStock[]; nextCursor?: string }> {
  const after = fromCursor(cursor, /^[A-Za-z0-9_-]{1,64}$/)
  const { rows } = await client.query<Raw>(
    `select product_id, location, available, reserved, sold, version, changed_at
       from stock
      where product_id in (select distinct product_id
                             from stock
                            where ($1::text is null or location = $1)
                              and ($2::text is null or product_id > $2)
                            order by product_id
                            limit $3)
      order by product_id, location`,
    [location ?? null, after?.[0] ?? null, limit + 1]
  )
  const products = [...Map.groupBy(rows.map(toRow), ({ productId }) => productId)]
  return toPage(
    products.map(([productId, places]) => toProductStock(productId, places)),
    limit,
    ({ productId }) => toCursor(productId)
  )
}

export function toProductStock(productId: string, rows: readonly StockRow[]): ProductStock {
  const total = (figure: 'available' | 'reserved' | 'sold'): number => rows.reduce((sum, row) => sum + row[figure], 0)
  return {
    productId,
    available: total('available'),
    reserved: total('reserved'),
    sold: total('sold'),
    locations: rows.map(({ location, available, reserved, sold, version, changedAt }) => ({
      location,
      available,
      reserved,
      sold,
      version,
      changedAt
    }))
  }
}
