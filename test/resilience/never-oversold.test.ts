import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { House, type Bidder } from './house.ts'

describe('ten pieces and five hundred buyers at once', () => {
  let house: House
  let buyers: Bidder[]
  beforeAll(async () => {
    house = await House.open()
    buyers = await house.bidders(500)
  })
  afterAll(() => house.close())

  test('a sale of more than there is: ten orders, the others fail as sold out, and their money is untouched', async () => {
    const productId = await house.product(10)
    const auctionId = await house.auction(productId)
    const told = await Promise.all(buyers.map((buyer) => house.bid(auctionId, buyer)))
    expect(told.filter(({ code }) => code === undefined)).toHaveLength(500)
    expect(await house.settled(productId, 500)).toEqual({ ordered: 10, failed: 490, reasons: { SOLD_OUT: 490 } })
    await house.expectLedgerWhole(auctionId, told)
    const orderNumbers = told.map(({ receipt }) => receipt?.orderNumber ?? '')
    await house.expectBooksBalanced(productId, 10, orderNumbers)
    // Untouched is more than given back: no charge was ever made for the others.
    const charges = await house.charges()
    expect(orderNumbers.filter((orderNumber) => charges.has(orderNumber))).toHaveLength(10)
  })

  test('a sale of just ten: ten are accepted with a receipt, and 490 are refused at once as sold out', async () => {
    const productId = await house.product(10)
    const auctionId = await house.auction(productId, { quantity: 10 })
    const told = await Promise.all(buyers.map((buyer) => house.bid(auctionId, buyer)))
    const accepted = told.filter(({ code }) => code === undefined)
    expect(accepted).toHaveLength(10)
    expect(told.filter(({ code }) => code === 'SOLD_OUT')).toHaveLength(490)
    expect(accepted.every(({ receipt }) => receipt?.outcome === 'accepted')).toBe(true)
    expect(await house.settled(productId, 10)).toMatchObject({ ordered: 10, failed: 0 })
    await house.expectLedgerWhole(auctionId, told)
    await house.expectBooksBalanced(
      productId,
      10,
      accepted.map(({ receipt }) => receipt?.orderNumber ?? '')
    )
  })
})
