import { canaryPrefix } from '@gavel/contracts/canary.ts'
import type { PoolClient } from 'pg'

/**
 * Writes the listings of items anew from what belongs to them, for items that are locked. Of the auctions that are not closed the one
 * that ends first is shown. A listing that did not change is not touched; one whose brand changed moves to that brand's partition.
 */
export async function refreshListings(
  client: PoolClient,
  schema: string,
  productIds: readonly string[]
): Promise<void> {
  await client.query(
    `delete from ${schema}.listings as listed
      where listed.product_id = any($1::text[])
        and not exists (
              select from ${schema}.items as items
               where items.product_id = listed.product_id
                 and items.brand = listed.brand
                 and items.title is not null
                 and not items.removed)`,
    [productIds]
  )
  await client.query(
    `insert into ${schema}.listings as listed (${columns.join(', ')})
     select items.product_id, items.brand, items.category, items.title, items.description, items.listed_at_ms,
            stock.available, auction.auction_id, auction.mode, auction.currency,
            greatest(auction.price_minor, auction.opening_price_minor),
            coalesce(auction.price_to_beat_minor, auction.opening_price_minor),
            case when auction.auction_id is not null then coalesce(auction.bid_count, 0) end,
            coalesce(auction.quantity_left, auction.quantity), auction.starts_at_ms, auction.ending_at_ms
       from ${schema}.items as items
      cross join lateral (
              select coalesce(sum(available), 0) as available
                from ${schema}.item_stock
               where item_stock.product_id = items.product_id) as stock
       left join lateral (
              select *, coalesce(ends_at_ms, opened_ends_at_ms) as ending_at_ms
                from ${schema}.item_auctions
               where item_auctions.product_id = items.product_id and not closed and mode is not null
               order by coalesce(ends_at_ms, opened_ends_at_ms), auction_id
               limit 1) as auction on true
      where items.product_id = any($1::text[])
        and items.title is not null
        and not items.removed
        and not starts_with(items.product_id, '${canaryPrefix}')
      order by items.product_id
     on conflict (brand, product_id) do update
        set ${changing.map((column) => `${column} = excluded.${column}`).join(', ')}
      where (${changing.map((column) => `listed.${column}`).join(', ')})
            is distinct from (${changing.map((column) => `excluded.${column}`).join(', ')})`,
    [productIds]
  )
}

const changing = [
  'category',
  'title',
  'description',
  'listed_at_ms',
  'available',
  'auction_id',
  'mode',
  'currency',
  'price_minor',
  'price_to_beat_minor',
  'bid_count',
  'quantity_left',
  'starts_at_ms',
  'ends_at_ms'
]
const columns = ['product_id', 'brand', ...changing]
