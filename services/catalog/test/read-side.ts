import type { DataOf, EventDefinition } from '@gavel/contracts/define.ts'
import { AuctionClosed, AuctionOpened, BidsDecided } from '@gavel/contracts/events/bidding.ts'
import { ProductAddedV2, ProductChangedV2, ProductRemovedV2 } from '@gavel/contracts/events/catalog.ts'
import { StockChanged } from '@gavel/contracts/events/inventory.ts'
import { transaction } from '@gavel/platform/postgres/pool.ts'
import type { Pool } from 'pg'
import { factsOf, type ToldEvent } from '../src/domain/facts.ts'
import { applyFacts } from '../src/store/read-side/apply-facts.ts'
import { holdGenerations, schemaOf } from '../src/store/read-side/generations.ts'

const told = <Definition extends EventDefinition>(definition: Definition, data: DataOf<Definition>): ToldEvent => ({
  type: definition.type,
  data
})

export interface Described {
  productId: string
  title: string
  description?: string
  brand?: string
  category?: string
  at?: number
}
const productOf = ({ productId, title, description = '', brand = '', category = '' }: Described) => ({
  productId,
  title,
  description,
  brand,
  category
})

/** Events as the services tell them, in short. */
export const added = (item: Described): ToldEvent =>
  told(ProductAddedV2, { product: productOf(item), version: 1, changedBy: 'admin', changedAt: item.at ?? 1 })
export const changed = (item: Described & { version: number }): ToldEvent =>
  told(ProductChangedV2, {
    product: productOf(item),
    version: item.version,
    changedBy: 'admin',
    changedAt: item.at ?? item.version
  })
export const removed = (productId: string, version: number): ToldEvent =>
  told(ProductRemovedV2, { productId, version, changedBy: 'admin', changedAt: version })
export const stocked = (productId: string, available: number, version = 1, location = 'main'): ToldEvent =>
  told(StockChanged, {
    productId,
    location,
    available,
    reserved: 0,
    sold: 0,
    version,
    reason: 'set',
    changedAt: version
  })
export const opened = (
  auctionId: string,
  productId: string,
  terms: { priceMinor?: number; currency?: string; startsAt?: number; endsAt: number; mode?: 'english' | 'fixed-price' }
): ToldEvent =>
  told(AuctionOpened, {
    auctionId,
    productId,
    title: 'For sale',
    mode: terms.mode ?? 'english',
    currency: terms.currency ?? 'USD',
    openingPriceMinor: terms.priceMinor ?? 1_000,
    quantity: 1,
    startsAt: terms.startsAt ?? 0,
    endsAt: terms.endsAt
  })
export const bid = (auctionId: string, sequence: number, priceMinor: number, endsAt: number): ToldEvent =>
  told(BidsDecided, {
    auctionId,
    sequence,
    decidedAt: sequence,
    bids: [],
    outbidUserIds: [],
    standing: {
      priceMinor,
      priceToBeatMinor: priceMinor + 100,
      leaderUserId: null,
      reserveMet: true,
      bidCount: sequence,
      quantityLeft: 1,
      endsAt
    },
    hash: '0'.repeat(64)
  })
export const ended = (auctionId: string, productId: string): ToldEvent =>
  told(AuctionClosed, {
    auctionId,
    productId,
    title: 'For sale',
    sequence: 99,
    outcome: 'no-bids',
    winnerUserId: null,
    priceMinor: 0,
    currency: 'USD',
    bidCount: 0,
    closedAt: 1,
    hash: '0'.repeat(64)
  })

/** Takes events into every generation that lives, as the consumers do, without topics. */
export async function tell(pool: Pool, events: readonly ToldEvent[]): Promise<void> {
  await transaction(pool, async (client) => {
    for (const generation of await holdGenerations(client)) await applyFacts(client, generation, factsOf(events))
  })
}

/** All that search reads, as one text. */
export async function listingsOf(pool: Pool, generation: number): Promise<string> {
  const { rows } = await pool.query<{ all: string }>(
    `select coalesce(jsonb_agg(to_jsonb(listings) order by product_id)::text, '[]') as all from ${schemaOf(generation)}.listings`
  )
  return rows[0]!.all
}
