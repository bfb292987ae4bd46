import * as fc from 'fast-check'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { describe, expect, test } from 'vitest'
import { reserve } from './reserve.ts'
import type { Stock } from './stock.ts'

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
const aStock = (available: number, location = 'main', productId = 'lamp'): Stock => ({
  productId,
  location,
  available,
  reserved: 0,
  sold: 0
})

const outcomes = (stocks: Stock[], sales: Sale[]): string[] =>
  reserve(stocks, sales).map((allocation) =>
    allocation.outcome === 'reserved' ? allocation.location : `${allocation.reason} ${allocation.available}`
  )

describe('reserve', () => {
  test('serves the first comers and rejects the rest', () => {
    expect(outcomes([aStock(2)], [aSale(0), aSale(1), aSale(2)])).toEqual(['main', 'main', 'SOLD_OUT 0'])
  })
  test('a large sale that does not fit leaves the pieces to a small one behind it', () => {
    expect(outcomes([aStock(2)], [aSale(0, 3), aSale(1, 2)])).toEqual(['SOLD_OUT 2', 'main'])
  })
  test('a product nobody keeps stock of is told apart from a sold-out one', () => {
    expect(outcomes([aStock(0)], [aSale(0), aSale(1, 1, 'vase')])).toEqual(['SOLD_OUT 0', 'STOCK_NOT_FOUND 0'])
  })
  test('a sale is served whole from the smallest lot that holds it', () => {
    const stocks = [aStock(9, 'north'), aStock(3, 'south')]
    expect(outcomes(stocks, [aSale(0, 3), aSale(1, 3), aSale(2, 8)])).toEqual(['south', 'north', 'SOLD_OUT 6'])
  })
  test('equal lots go by name', () => {
    expect(outcomes([aStock(1, 'south'), aStock(1, 'north')], [aSale(0), aSale(1)])).toEqual(['north', 'south'])
  })

  test('never takes more than there is, answers every sale once, and rejects only what no location could serve', () => {
    const products = ['lamp', 'vase']
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.record({
            productId: fc.constantFrom(...products),
            location: fc.constantFrom('a', 'b', 'c'),
            available: fc.nat(12)
          }),
          {
            selector: ({ productId, location }) => `${productId}/${location}`
          }
        ),
        fc.array(
          fc.record({ productId: fc.constantFrom(...products, 'none'), quantity: fc.integer({ min: 1, max: 5 }) }),
          { maxLength: 40 }
        ),
        (places, wishes) => {
          const stocks = places.map(({ productId, location, available }) => aStock(available, location, productId))
          const sales = wishes.map(({ productId, quantity }, index) => aSale(index, quantity, productId))
          const left = new Map(stocks.map((stock) => [`${stock.productId}/${stock.location}`, stock.available]))
          const allocations = reserve(stocks, sales)
          const rejections: unknown[] = []
          const expected: unknown[] = []
          expect(allocations.map(({ sale }) => sale)).toEqual(sales)
          for (const allocation of allocations) {
            const { productId, quantity } = allocation.sale
            const lots = [...left].filter(([key]) => key.startsWith(`${productId}/`)).map(([, lot]) => lot)
            if (allocation.outcome === 'reserved') {
              const key = `${productId}/${allocation.location}`
              left.set(key, (left.get(key) ?? -1) - quantity)
              continue
            }
            const sum = lots.reduce((pieces, lot) => pieces + lot, 0)
            const fits = lots.some((lot) => lot >= quantity)
            const { reason, available } = allocation
            rejections.push({ reason, available, fits })
            expected.push({ reason: lots.length === 0 ? 'STOCK_NOT_FOUND' : 'SOLD_OUT', available: sum, fits: false })
          }
          expect(rejections).toEqual(expected)
          expect([...left.values()].filter((lot) => lot < 0)).toEqual([])
        }
      )
    )
  })
})
