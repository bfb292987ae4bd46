import type { DataOf, EventDefinition } from '@gavel/contracts/define.ts'
import {
  AuctionCancelled,
  AuctionClosed,
  AuctionExtended,
  AuctionOpened,
  AuctionOpenedV1,
  BidsDecided
} from '@gavel/contracts/events/bidding.ts'
import {
  ProductAdded,
  ProductAddedV2,
  ProductChanged,
  ProductChangedV2,
  ProductRemoved,
  ProductRemovedV2
} from '@gavel/contracts/events/catalog.ts'
import { StockChanged, StockChangedV2 } from '@gavel/contracts/events/inventory.ts'
import type { ProductFields } from './product.ts'

/** What an event says about items, whichever version of it and whether it came from its topic or from the log. */

/** A version is missing where an event of the first version told it. */
export type ProductFact = { productId: string; version: number | undefined; at: number } & (
  { removed: false; fields: ProductFields } | { removed: true }
)
export interface StockFact {
  productId: string
  location: string
  available: number
  version: number
}
export type AuctionFact = { auctionId: string } & (
  | {
      kind: 'opened'
      productId: string
      mode: string
      currency: string
      openingPriceMinor: number
      quantity: number
      startsAtMs: number
      endsAtMs: number
    }
  | {
      kind: 'standing'
      sequence: number
      priceMinor: number
      priceToBeatMinor: number
      bidCount: number
      quantityLeft: number
      endsAtMs: number
    }
  | { kind: 'extended'; sequence: number; endsAtMs: number }
  | { kind: 'closed'; productId: string }
)

export interface Facts {
  products: ProductFact[]
  stock: StockFact[]
  auctions: AuctionFact[]
}

/** An event as the topics and the log both have it. */
export interface ToldEvent {
  type: string
  data: unknown
}

/** The data of an event if it is of this kind. Both the wire and the log checked it against the schema. */
const dataIf = <Definition extends EventDefinition>(
  definition: Definition,
  event: ToldEvent
): DataOf<Definition> | undefined => (event.type === definition.type ? (event.data as DataOf<Definition>) : undefined)

/** In the order of the events. What says nothing about items is left out. */
export function factsOf(events: readonly ToldEvent[]): Facts {
  const facts: Facts = { products: [], stock: [], auctions: [] }
  for (const event of events) {
    const product = productFact(event)
    if (product) facts.products.push(product)
    const stock = dataIf(StockChanged, event) ?? dataIf(StockChangedV2, event)
    if (stock) {
      const { productId, location, available, version } = stock
      facts.stock.push({ productId, location, available, version })
    }
    const auction = auctionFact(event)
    if (auction) facts.auctions.push(auction)
  }
  return facts
}

function productFact(event: ToldEvent): ProductFact | undefined {
  const described = dataIf(ProductAddedV2, event) ?? dataIf(ProductChangedV2, event)
  const before = dataIf(ProductAdded, event) ?? dataIf(ProductChanged, event)
  const told = described ?? before
  if (told) {
    const { productId, ...fields } = told.product
    return { productId, removed: false, fields, version: described?.version, at: told.changedAt }
  }
  const removed = dataIf(ProductRemovedV2, event)
  const gone = removed ?? dataIf(ProductRemoved, event)
  return gone && { productId: gone.productId, removed: true, version: removed?.version, at: gone.changedAt }
}

function auctionFact(event: ToldEvent): AuctionFact | undefined {
  const opened = dataIf(AuctionOpened, event) ?? dataIf(AuctionOpenedV1, event)
  if (opened) {
    const { auctionId, productId, mode, currency, openingPriceMinor, quantity, startsAt, endsAt } = opened
    const terms = { productId, mode, currency, openingPriceMinor, quantity }
    return { auctionId, kind: 'opened', ...terms, startsAtMs: startsAt, endsAtMs: endsAt }
  }
  const decided = dataIf(BidsDecided, event)
  if (decided) {
    const { priceMinor, priceToBeatMinor, bidCount, quantityLeft, endsAt } = decided.standing
    const standing = { priceMinor, priceToBeatMinor, bidCount, quantityLeft, endsAtMs: endsAt }
    return { auctionId: decided.auctionId, kind: 'standing', sequence: decided.sequence, ...standing }
  }
  const extended = dataIf(AuctionExtended, event)
  if (extended) {
    const { auctionId, sequence, endsAt } = extended
    return { auctionId, kind: 'extended', sequence, endsAtMs: endsAt }
  }
  const ended = dataIf(AuctionClosed, event) ?? dataIf(AuctionCancelled, event)
  return ended && { auctionId: ended.auctionId, kind: 'closed', productId: ended.productId }
}
