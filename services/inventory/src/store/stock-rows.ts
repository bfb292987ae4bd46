import type { ProductStock } from '@gavel/contracts/api/inventory.ts'
import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { StockLine } from '../domain/book.ts'
import { fromCursor, toCursor, toPage } from './cursor.ts'

/** Reads of the table `stock`: one row a product and location. Every statement that locks several rows takes them in key order. */

export interface RawLine {
  product_id: string
  location: string
  available: number
  reserved: number
  sold: number
  supplied: number
  version: number
  changed_at: Date
}

const toLine = (raw: RawLine): StockLine => ({
  productId: raw.product_id,
  location: raw.location,
  available: raw.available,
  reserved: raw.reserved,
  sold: raw.sold,
  supplied: raw.supplied,
  version: raw.version,
  changedAt: raw.changed_at.getTime()
})

/** Locks the products' rows until the end of the transaction: whoever decides about a product holds them. */
export async function lockStock(client: Queryable, productIds: readonly string[]): Promise<StockLine[]> {
  const { rows } = await client.query<RawLine>(
    `select product_id, location, available, reserved, sold, supplied, version, changed_at
       from stock
      where product_id = any ($1::text[])
      order by product_id, location
        for update`,
    [productIds]
  )
  return rows.map(toLine)
}

/** The stock of products that have any. */
export async function readProducts(client: Queryable, productIds: readonly string[]): Promise<ProductStock[]> {
  const { rows } = await client.query<RawLine>(
    `select product_id, location, available, reserved, sold, supplied, version, changed_at
       from stock
      where product_id = any ($1::text[])
      order by product_id, location`,
    [productIds]
  )
  return toProducts(rows)
}

/** A product's stock over all its locations, or nothing where none is kept. */
export const readProductStock = async (client: Queryable, productId: string): Promise<ProductStock | undefined> =>
  (await readProducts(client, [productId]))[0]

/** The stock of products by their id: of all, or of those kept at one location. */
export async function listProductStock(
  client: Queryable,
  { location, cursor, limit }: { location?: string | undefined; cursor?: string | undefined; limit: number }
): Promise<{ items: ProductStock[]; nextCursor?: string }> {
  const after = fromCursor(cursor, /^[A-Za-z0-9_-]{1,64}$/)
  const { rows } = await client.query<RawLine>(
    `select product_id, location, available, reserved, sold, supplied, version, changed_at
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
  return toPage(toProducts(rows), limit, ({ productId }) => toCursor(productId))
}

/** Rows in the order of their keys as the products they are of. */
export const toProducts = (rows: readonly RawLine[]): ProductStock[] =>
  [...Map.groupBy(rows.map(toLine), ({ productId }) => productId)].map(([productId, places]) =>
    toProductStock(productId, places)
  )

export function toProductStock(productId: string, lines: readonly Readonly<StockLine>[]): ProductStock {
  const total = (figure: 'available' | 'reserved' | 'sold' | 'version'): number =>
    lines.reduce((sum, line) => sum + line[figure], 0)
  return {
    productId,
    available: total('available'),
    reserved: total('reserved'),
    sold: total('sold'),
    // Each place's version only rises and places are never removed, so the sum orders the states of a product.
    version: total('version'),
    locations: lines.map(({ location, available, reserved, sold, version, changedAt }) => ({
      location,
      available,
      reserved,
      sold,
      version,
      changedAt
    }))
  }
}
