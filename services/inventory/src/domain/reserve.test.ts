import * as fc from 'fast-check'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { describe, expect, test } from 'vitest'
import { StockBook, type StockLine } from './book.ts'
import { allocate, reserve } from './reserve.ts'

const aSale = (number: number, quantity = 1, productId = 'lamp'): Sale => ({
  orderNumber: `auction.${number}`,
  auctionId: 'auction',
  productId,
  userId: `user-${number}`,
  quantity,
  unitPriceMinor: 100,
  totalMinor: 100 * quantity,
  currency: 'USD',
  confirmedAt: number
})
const aLine = (available: number, location = 'main', productId = 'lamp'): StockLine => ({
  productId,
  location,
  available,
  reserved: 0,
  sold: 0,
  supplied: available,
  version: 1,
  changedAt: 0
})

const outcomes = (lines: StockLine[], sales: Sale[]): string[] =>
  reserve(new StockBook(lines, 1), sales).map((allocation) =>
    allocation.outcome === 'reserved'
      ? allocation.parts.map(({ location, quantity }) => `${location} ${quantity}`).join(', ')
      : `${allocation.reason} ${allocation.available}`
  )

describe('reserve', () => {
  test('serves the first comers and rejects the rest', () => {
    expect(outcomes([aLine(2)], [aSale(0), aSale(1), aSale(2)])).toEqual(['main 1', 'main 1', 'SOLD_OUT 0'])
  })
  test('a large sale that does not fit leaves the pieces to a small one behind it', () => {
    expect(outcomes([aLine(2)], [aSale(0, 3), aSale(1, 2)])).toEqual(['SOLD_OUT 2', 'main 2'])
  })
  test('a product nobody keeps stock of is told apart from a sold-out one', () => {
    expect(outcomes([aLine(0)], [aSale(0), aSale(1, 1, 'vase')])).toEqual(['SOLD_OUT 0', 'STOCK_NOT_FOUND 0'])
  })
  test('a sale is served whole from the smallest lot that holds it', () => {
    const lines = [aLine(9, 'north'), aLine(3, 'south')]
    expect(outcomes(lines, [aSale(0, 3), aSale(1, 3), aSale(2, 6)])).toEqual(['south 3', 'north 3', 'north 6'])
  })
  test('equal lots go by name', () => {
    expect(outcomes([aLine(1, 'south'), aLine(1, 'north')], [aSale(0), aSale(1)])).toEqual(['north 1', 'south 1'])
  })
  test('where no lot holds it the largest are emptied, and the smallest that can serves the rest', () => {
    const lines = [aLine(5, 'a'), aLine(4, 'b'), aLine(2, 'c'), aLine(3, 'd')]
    expect(outcomes(lines, [aSale(0, 7), aSale(1, 7), aSale(2, 1)])).toEqual(['a 5, c 2', 'b 4, d 3', 'SOLD_OUT 0'])
  })

  const someLots = fc.uniqueArray(
    fc.record({ location: fc.constantFrom('a', 'b', 'c', 'd', 'e'), available: fc.nat(9) }),
    { selector: ({ location }) => location }
  )

  test('an allocation adds up, takes from no lot more than it has, and needs as few locations as any', () => {
    fc.assert(
      fc.property(someLots, fc.integer({ min: 1, max: 30 }), (lots, quantity) => {
        const parts = allocate(lots, quantity)
        const held = lots.reduce((sum, { available }) => sum + available, 0)
        expect(parts === undefined).toBe(held < quantity)
        if (!parts) return
        expect(parts.reduce((sum, part) => sum + part.quantity, 0)).toBe(quantity)
        expect(new Set(parts.map(({ location }) => location)).size).toBe(parts.length)
        for (const { location, quantity: taken } of parts) {
          expect(taken).toBeGreaterThan(0)
          expect(taken).toBeLessThanOrEqual(lots.find((lot) => lot.location === location)!.available)
        }
        const largestFirst = lots.map(({ available }) => available).toSorted((one, other) => other - one)
        const fewest = largestFirst.findIndex(
          (_, index) => largestFirst.slice(0, index + 1).reduce((sum, lot) => sum + lot, 0) >= quantity
        )
        expect(parts.length).toBe(fewest + 1)
      })
    )
  })

  test('the order in which the lots were read changes nothing', () => {
    fc.assert(
      fc.property(someLots, fc.integer({ min: 1, max: 30 }), (lots, quantity) => {
        expect(allocate(lots.toReversed(), quantity)).toEqual(allocate(lots, quantity))
      })
    )
  })
})
