import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import type { Pool, PoolClient } from 'pg'
import { decidedElsewhere } from '@gavel/platform/postgres/decided-elsewhere.ts'
import type { StoredProduct } from '../domain/product.ts'

interface ProductRow {
  product_id: string
  position: number
  title: string
  description: string
  brand: string
  category: string
  version: number
  changed_at: Date
  removed_at: Date | null
}

const columns = 'product_id, position, title, description, brand, category, version, changed_at, removed_at'

const fromRow = (row: ProductRow): StoredProduct => ({
  productId: row.product_id,
  title: row.title,
  description: row.description,
  brand: row.brand,
  category: row.category,
  version: row.version,
  changedAt: row.changed_at.getTime(),
  removedAt: row.removed_at?.getTime()
})

export async function find(db: Queryable, productId: string): Promise<StoredProduct | undefined> {
  const { rows } = await db.query<ProductRow>(`select ${columns} from products where product_id = $1`, [productId])
  return rows[0] && fromRow(rows[0])
}

/** A page of products before `position`, newest first, and one more row than asked for where there is a next page. */
export async function list(
  pool: Pool,
  options: { brand: string | undefined; category: string | undefined; before: number | undefined; limit: number }
): Promise<{ products: StoredProduct[]; lastPosition: number | undefined }> {
  const { rows } = await pool.query<ProductRow>(
    `select ${columns} from products
     where removed_at is null
       and ($1::bigint is null or position < $1)
       and ($2::text is null or brand = $2)
       and ($3::text is null or category = $3)
     order by position desc
     limit $4`,
    [options.before ?? null, options.brand ?? null, options.category ?? null, options.limit + 1]
  )
  const page = rows.slice(0, options.limit)
  return { products: page.map(fromRow), lastPosition: rows.length > options.limit ? page.at(-1)?.position : undefined }
}

/** In one order, so that two batches that meet cannot deadlock. */
export async function lockProducts(client: PoolClient, productIds: readonly string[]): Promise<StoredProduct[]> {
  const { rows } = await client.query<ProductRow>(
    `select ${columns} from products where product_id = any($1::text[]) order by product_id for update`,
    [productIds]
  )
  return rows.map(fromRow)
}

const asColumns = (products: readonly StoredProduct[]): unknown[][] => [
  products.map(({ productId }) => productId),
  products.map(({ title }) => title),
  products.map(({ description }) => description),
  products.map(({ brand }) => brand),
  products.map(({ category }) => category),
  products.map(({ version }) => version),
  products.map(({ changedAt }) => new Date(changedAt)),
  products.map(({ removedAt }) => (removedAt === undefined ? null : new Date(removedAt)))
]

/** In the order given, which is that of the listing. Throws a Fault of code 40001 where another transaction added one meanwhile. */
export async function insertProducts(client: PoolClient, products: readonly StoredProduct[]): Promise<void> {
  if (products.length === 0) return
  const { rowCount } = await client.query(
    `insert into products (product_id, title, description, brand, category, version, changed_at, removed_at)
     select product_id, title, description, brand, category, version, changed_at, removed_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::timestamptz[])
            with ordinality
         as product (product_id, title, description, brand, category, version, changed_at, removed_at, place)
      order by place
         on conflict (product_id) do nothing`,
    asColumns(products)
  )
  // What is not there yet cannot be locked.
  if (rowCount !== products.length) throw decidedElsewhere('A product was added in another transaction')
}

/** Of rows that the transaction has locked. */
export async function updateProducts(client: PoolClient, products: readonly StoredProduct[]): Promise<void> {
  if (products.length === 0) return
  await client.query(
    `update products
        set title = changed.title,
            description = changed.description,
            brand = changed.brand,
            category = changed.category,
            version = changed.version,
            changed_at = changed.changed_at,
            removed_at = changed.removed_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::timestamptz[])
         as changed (product_id, title, description, brand, category, version, changed_at, removed_at)
      where products.product_id = changed.product_id`,
    asColumns(products)
  )
}
