import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { House, type Bidder, type Told } from './house.ts'

/**
 * Bids are taken whatever is down behind them, and every sale is worked off once it is back.
 */
describe('with a part of the platform away', () => {
  let house: House
  let bidders: Bidder[]
  beforeAll(async () => {
    house = await House.open()
    bidders = await house.bidders(5)
  })
  afterAll(() => house.close())

  const place = async (auctionId: string, count: number): Promise<Told[]> => {
    const told: Told[] = []
    for (let index = 0; index < count; index++)
      told.push(await house.bid(auctionId, bidders[index % bidders.length] as Bidder))
    return told
  }
  const orderNumbers = (told: readonly Told[]): string[] => told.flatMap(({ receipt }) => receipt?.orderNumber ?? [])

  test.each(['inventory', 'payment', 'order', 'notification', 'provider'])(
    '%s stopped: bids are answered, and all sales end in orders after it is back',
    async (name) => {
      const productId = await house.product(100)
      const auctionId = await house.auction(productId)
      const part = house.platform.service(name)
      await part.stop()
      const told = await place(auctionId, 20)
      expect(told.map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => undefined))
      await part.start()
      expect(await house.settled(productId, 20)).toMatchObject({ ordered: 20, failed: 0 })
      await house.expectLedgerWhole(auctionId, told)
      await house.expectBooksBalanced(productId, 100, orderNumbers(told))
    }
  )

  test('Kafka killed for half a minute: bids are answered all the while, and all sales end in orders after it is back', async () => {
    const productId = await house.product(10_000)
    const auctionId = await house.auction(productId)
    const kafka = house.platform.backend('kafka')
    await kafka.kill('SIGKILL')
    const until = Date.now() + 30_000
    const told: Told[] = []
    // Two hundred at most: what is shown is that none waits for Kafka, not how many there can be.
    while (Date.now() < until) {
      if (told.length < 200) told.push(...(await place(auctionId, 5)))
      else await new Promise((resolve) => setTimeout(resolve, Math.min(500, Math.max(0, until - Date.now()))))
    }
    expect(told.every(({ code }) => code === undefined)).toBe(true)
    await kafka.start()
    expect(await house.settled(productId, told.length)).toMatchObject({ ordered: told.length, failed: 0 })
    await house.expectLedgerWhole(auctionId, told)
    await house.expectBooksBalanced(productId, 10_000, orderNumbers(told))
  })
})
