import { auctions, bids, products, stock } from '@gavel/contracts/topics.ts'
import { expect, test } from 'vitest'
import { factsOf } from './facts.ts'

/** Has a member of every name that any of the events has. */
const data = {
  productId: 'lamp',
  auctionId: 'sale',
  product: { productId: 'lamp', title: 'A lamp', description: '', brand: '', category: '' },
  location: 'main',
  available: 1,
  version: 1,
  sequence: 1,
  endsAt: 1,
  standing: { priceMinor: 1, priceToBeatMinor: 2, bidCount: 1, quantityLeft: 1, endsAt: 1 }
}

/** What says nothing of an item, its stock or what sells it. */
const silent = new Set(['OfferMade', 'CrowdTold', 'EndTold'])

test('every version of every event on the topics that search follows is understood', () => {
  const understood = (type: string): boolean =>
    Object.values(factsOf([{ type, data }])).some(({ length }) => length > 0)
  for (const { name, type } of [products, stock, auctions, bids].flatMap(({ events }) => [...events]))
    expect({ type, understood: understood(type) }).toEqual({ type, understood: !silent.has(name) })
})

test('cancelled is closed, and an end that an admin moved is told without a standing', () => {
  expect(
    factsOf([
      { type: 'gavel.AuctionExtended.v1', data: { auctionId: 'sale', sequence: 3, endsAt: 9 } },
      { type: 'gavel.AuctionCancelled.v1', data: { auctionId: 'sale', productId: 'lamp' } }
    ]).auctions
  ).toEqual([
    { auctionId: 'sale', kind: 'extended', sequence: 3, endsAtMs: 9 },
    { auctionId: 'sale', kind: 'closed', productId: 'lamp' }
  ])
})
