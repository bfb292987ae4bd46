import type { ProductAt, RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import {
  ProductAdded,
  ProductAddedV2,
  ProductChanged,
  ProductChangedV2,
  ProductRemoved,
  ProductRemovedV2
} from '@gavel/contracts/events/catalog.ts'
import { StockChanged, StockChangedV2 } from '@gavel/contracts/events/inventory.ts'
import { countIn, dataIf } from './fold.ts'

/** A product as its events tell it: catalog's in their order, inventory's by the version of each location. */
export type ProductStory = Omit<ProductAt, 'at' | 'available' | 'reserved' | 'sold'>

export const untoldProduct = (productId: string): ProductStory => ({
  productId,
  eventCount: 0,
  lastPosition: 0,
  status: 'unknown',
  product: null,
  locations: []
})

export function foldProduct(story: ProductStory, event: RecordedEvent): ProductStory {
  const told = { ...story, ...countIn(story, event) }
  const described =
    dataIf(ProductAddedV2, event) ??
    dataIf(ProductChangedV2, event) ??
    dataIf(ProductAdded, event) ??
    dataIf(ProductChanged, event)
  if (described) {
    const { product, changedBy, changedAt } = described
    return { ...told, status: 'listed', product, changedBy, changedAt }
  }
  const removed = dataIf(ProductRemovedV2, event) ?? dataIf(ProductRemoved, event)
  if (removed) return { ...told, status: 'removed', changedBy: removed.changedBy, changedAt: removed.changedAt }
  const stock = dataIf(StockChanged, event) ?? dataIf(StockChangedV2, event)
  if (!stock) return told
  const before = story.locations.find(({ location }) => location === stock.location)
  if (before && before.version >= stock.version) return told
  const { location, available, reserved, sold, version, changedAt } = stock
  const others = story.locations.filter((other) => other !== before)
  const locations = [...others, { location, available, reserved, sold, version, changedAt }]
  return {
    ...told,
    locations: locations.toSorted((left, right) => (left.location < right.location ? -1 : 1))
  }
}

export function productAt(story: ProductStory, at: number): ProductAt {
  const total = (member: 'available' | 'reserved' | 'sold'): number =>
    story.locations.reduce((sum, location) => sum + location[member], 0)
  return { ...story, at, available: total('available'), reserved: total('reserved'), sold: total('sold') }
}
