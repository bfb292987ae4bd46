import type { Queryable } from '@gavel/platform/postgres/pool.ts'
import { randomUUID } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import type { Product } from '@gavel/contracts/api/catalog.ts'
import { ProductAddedV2, ProductChangedV2, ProductRemovedV2 } from '@gavel/contracts/events/catalog.ts'
import { products as productsTopic } from '@gavel/contracts/topics.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { appendToOutbox } from '@gavel/platform/postgres/outbox.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import {
  decideChange,
  decideRemoval,
  decideRepeatedAdd,
  type ProductFields,
  type StoredProduct
} from '../domain/product.ts'
import type { ListFilter } from '../domain/cursor.ts'

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

/** Who changes what when: every event carries it, so that the log of events is the audit. */
export interface Change {
  changedBy: string
  now: number
}

const dataOf = ({ productId, title, description, brand, category }: Product) => ({
  productId,
  title,
  description,
  brand,
  category
})

const envelope = (productId: string, { now }: Change) => ({
  key: productId,
  subject: productId,
  id: randomUUID(),
  source: 'catalog',
  time: now
})

export async function find(db: Queryable, productId: string): Promise<StoredProduct | undefined> {
  const { rows } = await db.query<ProductRow>(`select ${columns} from products where product_id = $1`, [productId])
  return rows[0] && fromRow(rows[0])
}

/** A page of products before `position`, newest first, and one more row than asked for where there is a next page. */
export async function list(
  pool: Pool,
  options: ListFilter & { before: number | undefined; limit: number }
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

/** The product as it is stored: the one given, or the same one from an earlier request. */
export async function add(pool: Pool, product: Product, by: Change): Promise<StoredProduct> {
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<ProductRow>(
      `insert into products (product_id, title, description, brand, category, version, changed_at)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (product_id) do nothing
       returning ${columns}`,
      [
        product.productId,
        product.title,
        product.description,
        product.brand,
        product.category,
        product.version,
        new Date(product.changedAt)
      ]
    )
    const added = rows[0]
    if (added) {
      const data = { product: dataOf(product), version: product.version, changedBy: by.changedBy, changedAt: by.now }
      await appendToOutbox(client, productsTopic, [
        { definition: ProductAddedV2, data, ...envelope(product.productId, by) }
      ])
      return fromRow(added)
    }
    const existing = await find(client, product.productId)
    if (!existing) throw new Error('A product whose id is taken was not found')
    const decision = decideRepeatedAdd(existing, product)
    if (decision.status === 'refuse') throw new Refusal(decision.code, { productId: product.productId })
    return existing
  })
}

async function lock(client: PoolClient, productId: string): Promise<StoredProduct | undefined> {
  const { rows } = await client.query<ProductRow>(`select ${columns} from products where product_id = $1 for update`, [
    productId
  ])
  return rows[0] && fromRow(rows[0])
}

async function write(client: PoolClient, product: StoredProduct): Promise<void> {
  await client.query(
    `update products
     set title = $2, description = $3, brand = $4, category = $5, version = $6, changed_at = $7, removed_at = $8
     where product_id = $1`,
    [
      product.productId,
      product.title,
      product.description,
      product.brand,
      product.category,
      product.version,
      new Date(product.changedAt),
      product.removedAt === undefined ? null : new Date(product.removedAt)
    ]
  )
}

export async function change(
  pool: Pool,
  productId: string,
  changes: Partial<ProductFields>,
  by: Change
): Promise<StoredProduct> {
  return await transaction(pool, async (client) => {
    const decision = decideChange(await lock(client, productId), changes, by.now)
    if (decision.status === 'refuse') throw new Refusal(decision.code, { productId })
    if (decision.status === 'same') return decision.product
    await write(client, decision.product)
    const { version } = decision.product
    const data = { product: dataOf(decision.product), version, changedBy: by.changedBy, changedAt: by.now }
    await appendToOutbox(client, productsTopic, [{ definition: ProductChangedV2, data, ...envelope(productId, by) }])
    return decision.product
  })
}

/** The product with its removal; undefined where it was removed before. */
export async function remove(pool: Pool, productId: string, by: Change): Promise<StoredProduct | undefined> {
  return await transaction(pool, async (client) => {
    const decision = decideRemoval(await lock(client, productId), by.now)
    if (decision.status === 'refuse') throw new Refusal(decision.code, { productId })
    if (decision.status === 'same') return undefined
    await write(client, decision.product)
    const data = { productId, version: decision.product.version, changedBy: by.changedBy, changedAt: by.now }
    await appendToOutbox(client, productsTopic, [{ definition: ProductRemovedV2, data, ...envelope(productId, by) }])
    return decision.product
  })
}
