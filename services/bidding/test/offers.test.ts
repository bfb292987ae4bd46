import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BidFailed } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import type { FailureReason } from '@gavel/contracts/errors.ts'
import { auctions, orders, saleConfirmed } from '@gavel/contracts/topics.ts'
import { freshMongodb, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { someAuction } from './rig.ts'
import { admin, bidder, startPair, startService, type Service } from './service.ts'

const mongodb = freshMongodb('bidding')
const env = { OFFER_DURATION_MS: '600000', SEALING_KEY: Buffer.alloc(32, 5).toString('base64') }
let topics: FreshTopics
let wire: Wire
let left: Service
let right: Service

beforeAll(async () => {
  topics = await freshTopics('bidding')
  wire = await theWire(topics)
  ;[left, right] = await startPair({ mongodb, topics, env })
})
afterAll(async () => {
  await Promise.all([left.close(), right.close()])
  await wire.release()
  await Promise.all([topics.release(), mongodb.release()])
})

async function soldAuction(changes: Parameters<typeof someAuction>[0] = {}): Promise<string> {
  const command = someAuction({ secondChance: true, ...changes })
  const { auctionId } = command
  await left.call('POST', '/api/auctions', admin, command)
  for (const [user, amount] of [
    ['low', 5_00],
    ['mid', 20_00],
    ['win', 50_00]
  ] as const) {
    await left.call('POST', `/api/auctions/${auctionId}/bids`, bidder(`${auctionId}-${user}`), {
      bidId: 'b',
      amountMinor: amount
    })
  }
  await left.call('POST', `/api/auctions/${auctionId}/close`, admin)
  return auctionId
}

async function fail(auctionId: string, sale: number, reason: FailureReason, userId = 'x'): Promise<void> {
  const failed: Sale = {
    orderNumber: `${auctionId}.${sale}`,
    auctionId,
    productId: 'product-1',
    userId,
    quantity: 1,
    unitPriceMinor: 100,
    totalMinor: 100,
    currency: 'USD',
    confirmedAt: 1
  }
  const event = {
    definition: BidFailed,
    key: failed.orderNumber,
    id: `${failed.orderNumber}:failed`,
    source: 'order',
    time: 1,
    data: { sale: failed, reason, failedAt: 1 }
  }
  await wire.publish(orders, [event])
}

const offersOf = async (userId: string) => (await right.call('GET', '/api/offers', bidder(userId))).body.items

describe('a second chance', () => {
  test('of sealed bids is offered at what the next one would have paid, and is taken within his limit only', async () => {
    const auctionId = await soldAuction({ mode: 'sealed-second-price', openingPriceMinor: 2_00 })
    await fail(auctionId, 1, 'PAYMENT_DECLINED')
    const mid = `${auctionId}-mid`
    const [offer] = await eventually(async () => {
      const items = await offersOf(mid)
      return items.length > 0 && items
    })
    // He bid 20.00; without the winner, the second-highest is 5.00.
    expect(offer).toMatchObject({ priceMinor: 5_00, status: 'open' })
    const limit = (limitMinor: number) => left.call('PUT', `/api/bidders/${mid}/credit/USD`, admin, { limitMinor })
    await limit(4_99)
    const accept = () => left.call('POST', `/api/offers/${offer.offerId}/accept`, bidder(mid))
    expect((await accept()).body.code).toBe('CREDIT_LIMIT_EXCEEDED')
    expect((await offersOf(mid))[0]).toMatchObject({ status: 'open' })
    await limit(5_00)
    for (let time = 0; time < 2; time += 1)
      expect(await accept()).toMatchObject({ status: 200, body: { orderNumber: `${auctionId}.2` } })
    const heldMinor = async () => (await left.call('GET', '/api/credit', bidder(mid))).body.items[0].heldMinor
    expect(await heldMinor()).toBe(5_00)
    await fail(auctionId, 2, 'PAYMENT_DECLINED', mid)
    const low = `${auctionId}-low`
    const [last] = await eventually(async () => {
      const items = await offersOf(low)
      return items.length > 0 && items
    })
    expect(last).toMatchObject({ priceMinor: 2_00 })
    await eventually(async () => (await heldMinor()) === 0)
  })

  test('goes to the next-best bidder at their highest bid, once however often the failure is told; accepted, it is one sale', async () => {
    const auctionId = await soldAuction()
    for (let time = 0; time < 3; time += 1) await fail(auctionId, 1, 'PAYMENT_DECLINED')
    const mid = `${auctionId}-mid`
    const [offer] = await eventually(async () => {
      const items = await offersOf(mid)
      return items.length > 0 && items
    })
    expect(offer).toMatchObject({
      auctionId,
      productId: 'product-1',
      priceMinor: 20_00,
      currency: 'USD',
      status: 'open'
    })
    expect((await left.call('POST', `/api/offers/${offer.offerId}/accept`, bidder('someone-else'))).body.code).toBe(
      'OFFER_NOT_FOUND'
    )
    const answers = await Promise.all(
      [left, right, left, right].map((service) =>
        service.call('POST', `/api/offers/${offer.offerId}/accept`, bidder(mid))
      )
    )
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 200, body: { status: 'accepted', orderNumber: `${auctionId}.2` } })
    const onSales = await wire.watch(saleConfirmed)
    const own = () => onSales.filter((event) => event.data.sale.orderNumber === `${auctionId}.2`)
    await eventually(() => own().length > 0)
    expect(own()[0]?.data.sale).toMatchObject({ userId: mid, unitPriceMinor: 20_00, totalMinor: 20_00, quantity: 1 })
    expect(new Set(own().map((event) => event.id)).size).toBe(1)
    const onAuctions = await wire.watch(auctions)
    const made = () => onAuctions.filter((event) => event.name === 'OfferMade' && event.data.auctionId === auctionId)
    await eventually(() => made().length > 0)
    expect(new Set(made().map((event) => event.id)).size).toBe(1)

    await fail(auctionId, 2, 'PAYMENT_METHOD_MISSING')
    await eventually(async () => (await offersOf(`${auctionId}-low`)).length === 1)
  })

  test('is not made where stock was missing, or where nobody wanted it', async () => {
    const soldOut = await soldAuction()
    const unwanted = await soldAuction({ secondChance: false })
    const witness = await soldAuction()
    await fail(soldOut, 1, 'SOLD_OUT')
    await fail(unwanted, 1, 'PAYMENT_DECLINED')
    await fail('no-such-auction', 1, 'PAYMENT_DECLINED')
    await fail(witness, 1, 'PAYMENT_DECLINED')
    await eventually(async () => (await offersOf(`${witness}-mid`)).length === 1)
    expect(await offersOf(`${soldOut}-mid`)).toEqual([])
    expect(await offersOf(`${unwanted}-mid`)).toEqual([])
  })

  test('that nobody takes expires and goes on to the next', async () => {
    const auctionId = await soldAuction()
    await fail(auctionId, 1, 'PAYMENT_DECLINED')
    const [offer] = await eventually(async () => {
      const items = await offersOf(`${auctionId}-mid`)
      return items.length > 0 && items
    })
    const later = await startService({
      mongodb,
      topics,
      tokens: left.tokens,
      clock: () => Date.now() + 700_000,
      env: { ...env, OFFER_DURATION_MS: '100000000' }
    })
    await eventually(async () => (await offersOf(`${auctionId}-low`)).length === 1)
    expect((await left.call('POST', `/api/offers/${offer.offerId}/accept`, bidder(`${auctionId}-mid`))).body.code).toBe(
      'OFFER_EXPIRED'
    )
    await later.close()
  })
})
