import { setTimeout as delay } from 'node:timers/promises'
import { services } from '@gavel/contracts/services.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { House, type Bidder, type Told } from './house.ts'

/**
 * kill -9, one process after another, while bids come in: nothing acknowledged is lost, and every sale ends. Callers repeat a bid with its
 * own id until it is answered, as any client would; the receipts are then compared with the ledger.
 */
describe('kill -9 of each process under load', () => {
  let house: House
  let bidders: Bidder[]
  beforeAll(async () => {
    house = await House.open()
    bidders = await house.bidders(12)
  })
  afterAll(() => house.close())

  const stateful = services.map(({ name }) => name).filter((name) => name !== 'web')

  test('no acknowledged bid is lost, every sale ends, and the books balance', async () => {
    const productId = await house.product(100_000)
    const sale = await house.auction(productId)
    const auction = await house.auction(productId, { mode: 'english', quantity: 1, openingPriceMinor: 100 })
    const stop = new AbortController()
    const sold: Told[] = []
    const raised: Told[] = []
    const buy = async (bidder: Bidder): Promise<void> => {
      while (!stop.signal.aborted) {
        sold.push(await house.bid(sale, bidder))
        await delay(50)
      }
    }
    let amountMinor = 100
    const raise = async (bidder: Bidder): Promise<void> => {
      while (!stop.signal.aborted) {
        raised.push(await house.bid(auction, bidder, { amountMinor: (amountMinor += 500) }))
        await delay(50)
      }
    }
    const callers = bidders.map((bidder, index) => (index % 2 === 0 ? buy(bidder) : raise(bidder)))
    const kills = (async () => {
      for (const name of [...stateful, 'provider', 'gateway']) {
        const part = house.platform.service(name)
        const before = sold.length
        await part.kill('SIGKILL')
        await part.start()
        // Load goes on between two kills, so that each meets work under way.
        while (sold.length < before + 10) await delay(50)
      }
    })()
    await kills.finally(() => stop.abort())
    await Promise.all(callers)

    await house.expectLedgerWhole(sale, sold)
    await house.expectLedgerWhole(auction, raised)
    const accepted = sold.filter(({ code }) => code === undefined)
    const winner = `${auction}.1`
    const { ordered, failed } = await house.settled(productId, accepted.length + 1)
    expect({ ordered, failed }).toEqual({ ordered: accepted.length + 1, failed: 0 })
    await house.expectBooksBalanced(productId, 100_000, [
      ...accepted.map(({ receipt }) => receipt?.orderNumber ?? ''),
      winner
    ])
  })
})
