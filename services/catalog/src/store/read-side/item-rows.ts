import type { PoolClient } from 'pg'
import type { ProductFact, StockFact } from '../../domain/facts.ts'
import { foldProduct, type Item } from '../../domain/read-side.ts'

interface ItemRow {
  product_id: string
  title: string | null
  description: string | null
  brand: string | null
  category: string | null
  version: number | null
  listed_at_ms: number | null
  changed_at_ms: number | null
  removed: boolean
}

const toItem = (row: ItemRow): Item => ({
  productId: row.product_id,
  fields:
    row.title === null
      ? null
      : { title: row.title, description: row.description!, brand: row.brand!, category: row.category! },
  version: row.version,
  listedAtMs: row.listed_at_ms,
  changedAtMs: row.changed_at_ms,
  removed: row.removed
})

/** Makes the rows that are missing and locks all, in key order: whoever changes what belongs to an item has its turn. */
export async function lockItems(client: PoolClient, schema: string, productIds: readonly string[]): Promise<void> {
  await client.query(
    `insert into ${schema}.items (product_id)
     select product_id from unnest($1::text[]) as product_id
     on conflict do nothing`,
    [productIds]
  )
  await client.query(`select from ${schema}.items where product_id = any($1::text[]) order by product_id for update`, [
    productIds
  ])
}

/** For rows that are locked. */
export async function writeProducts(client: PoolClient, schema: string, facts: readonly ProductFact[]): Promise<void> {
  const byProduct = Map.groupBy(facts, ({ productId }) => productId)
  const { rows } = await client.query<ItemRow>(
    `select product_id, title, description, brand, category, version, listed_at_ms, changed_at_ms, removed
       from ${schema}.items
      where product_id = any($1::text[])`,
    [[...byProduct.keys()]]
  )
  const items = rows.map(toItem).map((item) => byProduct.get(item.productId)!.reduce(foldProduct, item))
  await client.query(
    `update ${schema}.items as items
        set title = told.title, description = told.description, brand = told.brand, category = told.category,
            version = told.version, listed_at_ms = told.listed_at_ms, changed_at_ms = told.changed_at_ms, removed = told.removed
       from jsonb_to_recordset($1::jsonb) as told (
              product_id text, title text, description text, brand text, category text,
              version integer, listed_at_ms bigint, changed_at_ms bigint, removed boolean)
      where items.product_id = told.product_id`,
    [
      JSON.stringify(
        items.map(({ productId, fields, version, listedAtMs, changedAtMs, removed }) => ({
          product_id: productId,
          ...fields,
          version,
          listed_at_ms: listedAtMs,
          changed_at_ms: changedAtMs,
          removed
        }))
      )
    ]
  )
  await addWords(client, schema, [...byProduct.keys()])
}

/** Words are only ever added: one that no item has any more finds nothing, and a new generation is without it. Numbers are no words. */
async function addWords(client: PoolClient, schema: string, productIds: readonly string[]): Promise<void> {
  await client.query(
    `insert into ${schema}.words (word)
     select distinct word
       from ${schema}.items,
            unnest(tsvector_to_array(to_tsvector('simple', concat_ws(' ', title, brand, category, description)))) as word
      where product_id = any($1::text[])
        and not removed
        and length(word) between 2 and 40
        and word !~ '^[0-9.,:/-]+$'
      order by word
     on conflict do nothing`,
    [productIds]
  )
}

/** The newest figure of each location. */
export async function writeStock(client: PoolClient, schema: string, facts: readonly StockFact[]): Promise<void> {
  const newest = new Map<string, StockFact>()
  for (const fact of facts) {
    const place = `${fact.productId} ${fact.location}`
    if (fact.version > (newest.get(place)?.version ?? 0)) newest.set(place, fact)
  }
  const rows = [...newest.values()]
  await client.query(
    `insert into ${schema}.item_stock (product_id, location, available, version)
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
     on conflict (product_id, location) do update
        set available = excluded.available, version = excluded.version
      where item_stock.version < excluded.version`,
    [
      rows.map(({ productId }) => productId),
      rows.map(({ location }) => location),
      rows.map(({ available }) => available),
      rows.map(({ version }) => version)
    ]
  )
}
