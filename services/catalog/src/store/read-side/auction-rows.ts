import type { PoolClient } from 'pg'
import type { AuctionFact } from '../../domain/facts.ts'
import { foldAuction, type ReadAuction } from '../../domain/read-side.ts'

interface AuctionRow {
  auction_id: string
  product_id: string | null
  mode: string | null
  currency: string | null
  opening_price_minor: number | null
  quantity: number | null
  starts_at_ms: number | null
  opened_ends_at_ms: number | null
  sequence: number
  price_minor: number | null
  price_to_beat_minor: number | null
  bid_count: number | null
  quantity_left: number | null
  end_sequence: number
  ends_at_ms: number | null
  closed: boolean
}

/** The columns of a part are all null or none is: the opening's, and the standing's. */
const toAuction = (row: AuctionRow): ReadAuction => ({
  auctionId: row.auction_id,
  productId: row.product_id,
  terms:
    row.mode === null
      ? null
      : {
          mode: row.mode,
          currency: row.currency!,
          openingPriceMinor: row.opening_price_minor!,
          quantity: row.quantity!,
          startsAtMs: row.starts_at_ms!,
          endsAtMs: row.opened_ends_at_ms!
        },
  sequence: row.sequence,
  standing:
    row.sequence < 0
      ? null
      : {
          priceMinor: row.price_minor!,
          priceToBeatMinor: row.price_to_beat_minor!,
          bidCount: row.bid_count!,
          quantityLeft: row.quantity_left!
        },
  end: row.end_sequence < 0 ? null : { sequence: row.end_sequence, endsAtMs: row.ends_at_ms! },
  closed: row.closed
})

const toRow = ({ auctionId, productId, terms, sequence, standing, end, closed }: ReadAuction): AuctionRow => ({
  auction_id: auctionId,
  product_id: productId,
  mode: terms?.mode ?? null,
  currency: terms?.currency ?? null,
  opening_price_minor: terms?.openingPriceMinor ?? null,
  quantity: terms?.quantity ?? null,
  starts_at_ms: terms?.startsAtMs ?? null,
  opened_ends_at_ms: terms?.endsAtMs ?? null,
  sequence,
  price_minor: standing?.priceMinor ?? null,
  price_to_beat_minor: standing?.priceToBeatMinor ?? null,
  bid_count: standing?.bidCount ?? null,
  quantity_left: standing?.quantityLeft ?? null,
  end_sequence: end?.sequence ?? -1,
  ends_at_ms: end?.endsAtMs ?? null,
  closed
})

const columns = `auction_id, product_id, mode, currency, opening_price_minor, quantity, starts_at_ms, opened_ends_at_ms,
       sequence, price_minor, price_to_beat_minor, bid_count, quantity_left, end_sequence, ends_at_ms, closed`

/** The products whose auctions these are, where that is known yet. */
export async function writeAuctions(
  client: PoolClient,
  schema: string,
  facts: readonly AuctionFact[]
): Promise<string[]> {
  const byAuction = Map.groupBy(facts, ({ auctionId }) => auctionId)
  const auctionIds = [...byAuction.keys()].toSorted()
  await client.query(
    `insert into ${schema}.item_auctions (auction_id)
     select auction_id from unnest($1::text[]) as auction_id
     on conflict do nothing`,
    [auctionIds]
  )
  const { rows } = await client.query<AuctionRow>(
    `select ${columns} from ${schema}.item_auctions where auction_id = any($1::text[]) order by auction_id for update`,
    [auctionIds]
  )
  const auctions = rows.map(toAuction).map((auction) => byAuction.get(auction.auctionId)!.reduce(foldAuction, auction))
  await client.query(
    `update ${schema}.item_auctions as known
        set product_id = told.product_id, mode = told.mode, currency = told.currency,
            opening_price_minor = told.opening_price_minor, quantity = told.quantity,
            starts_at_ms = told.starts_at_ms, opened_ends_at_ms = told.opened_ends_at_ms,
            sequence = told.sequence, price_minor = told.price_minor, price_to_beat_minor = told.price_to_beat_minor,
            bid_count = told.bid_count, quantity_left = told.quantity_left, end_sequence = told.end_sequence, ends_at_ms = told.ends_at_ms, closed = told.closed
       from jsonb_populate_recordset(null::${schema}.item_auctions, $1::jsonb) as told
      where known.auction_id = told.auction_id`,
    [JSON.stringify(auctions.map(toRow))]
  )
  return [...new Set(auctions.flatMap(({ productId }) => (productId === null ? [] : [productId])))]
}
