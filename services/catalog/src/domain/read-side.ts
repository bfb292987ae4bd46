import type { AuctionFact, ProductFact } from './facts.ts'
import type { ProductFields } from './product.ts'

/**
 * How facts become rows. The same whatever order they come in, once or twice: topics overtake each other, and a generation that is being
 * built hears of the present while it still reads the past.
 */

export interface Item {
  productId: string
  /** Null until an event described it. */
  fields: ProductFields | null
  version: number | null
  listedAtMs: number | null
  changedAtMs: number | null
  removed: boolean
}

/** By version where both have one. Before versions were told there is only the time; of equal times the later told wins. */
function isNewer(item: Item, fact: ProductFact): boolean {
  if (item.version !== null && fact.version !== undefined) return fact.version > item.version
  return item.changedAtMs === null || fact.at >= item.changedAtMs
}

export function foldProduct(item: Item, fact: ProductFact): Item {
  const listedAtMs = Math.min(item.listedAtMs ?? fact.at, fact.at)
  if (!isNewer(item, fact)) return listedAtMs === item.listedAtMs ? item : { ...item, listedAtMs }
  return {
    ...item,
    fields: fact.removed ? item.fields : fact.fields,
    version: fact.version ?? item.version,
    listedAtMs,
    changedAtMs: fact.at,
    removed: fact.removed
  }
}

export interface ReadAuction {
  auctionId: string
  /** Null until its opening was told. */
  terms: {
    mode: string
    currency: string
    openingPriceMinor: number
    quantity: number
    startsAtMs: number
    endsAtMs: number
  } | null
  productId: string | null
  sequence: number
  standing: {
    priceMinor: number
    priceToBeatMinor: number
    bidCount: number
    quantityLeft: number
  } | null
  /** As the ledger's newest entry about it has it; null while only the opening told it. */
  end: { sequence: number; endsAtMs: number } | null
  closed: boolean
}

export function foldAuction(auction: ReadAuction, fact: AuctionFact): ReadAuction {
  switch (fact.kind) {
    case 'opened': {
      const { mode, currency, openingPriceMinor, quantity, startsAtMs, endsAtMs } = fact
      const terms = { mode, currency, openingPriceMinor, quantity, startsAtMs, endsAtMs }
      return { ...auction, productId: fact.productId, terms }
    }
    case 'standing': {
      const moved = moveEnd(auction, fact)
      if (fact.sequence <= auction.sequence) return moved
      const { sequence, priceMinor, priceToBeatMinor, bidCount, quantityLeft } = fact
      return { ...moved, sequence, standing: { priceMinor, priceToBeatMinor, bidCount, quantityLeft } }
    }
    case 'extended':
      return moveEnd(auction, fact)
    case 'closed':
      return { ...auction, productId: fact.productId, closed: true }
    default:
      return fact satisfies never
  }
}

const moveEnd = (auction: ReadAuction, { sequence, endsAtMs }: { sequence: number; endsAtMs: number }): ReadAuction =>
  sequence > (auction.end?.sequence ?? -1) ? { ...auction, end: { sequence, endsAtMs } } : auction
