import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auctions, bids, saleConfirmed } from '@gavel/contracts/topics.ts'
import { freshMongodb, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { kafkaGate } from './gate.ts'
import { someAuction, startProcess } from './rig.ts'
import { admin, bidder, startService, type Service } from './service.ts'
import { verifyLedger } from '../src/verify/verify.ts'

const mongodb = freshMongodb('bidding')
let topics: FreshTopics
let wire: Wire
let service: Service

beforeAll(async () => {
  topics = await freshTopics('bidding')
  wire = await theWire(topics)
  service = await startService({ mongodb, topics })
})
afterAll(async () => {
  await service.close()
  await wire.release()
  await Promise.all([topics.release(), mongodb.release()])
})

interface Seen {
  id: string
  data: { auctionId?: string; sequence?: number }
}
/** The sequence numbers of one auction in the order in which each appeared first. */
function firstAppearances(events: readonly Seen[], auctionId: string): number[] {
  const own = events.filter((event) => event.data.auctionId === auctionId).map((event) => event.data.sequence ?? -1)
  return [...new Set(own)]
}

const placeMany = async (of: Service, auctionId: string, count: number, tag: string) => {
  for (let index = 0; index < count; index += 1) {
    const answer = await of.call('POST', `/api/auctions/${auctionId}/bids`, bidder(`user-${index % 5}`), {
      bidId: `${tag}-${index}`,
      amountMinor: 100_00 * (index + 1)
    })
    expect([201, 409]).toContain(answer.status)
  }
}

describe('publishing', () => {
  test('an auction tells its opening, every entry, its close and its sale, in order and whole', async () => {
    const [onBids, onAuctions, onSales] = [
      await wire.watch(bids),
      await wire.watch(auctions),
      await wire.watch(saleConfirmed)
    ]
    const auctionId = 'told'
    await service.call('POST', '/api/auctions', admin, { ...someAuction(), auctionId })
    await placeMany(service, auctionId, 12, 'b')
    const closed = await service.call('POST', `/api/auctions/${auctionId}/close`, admin)
    const sales = await eventually(
      () => onSales.filter((event) => event.data.sale.auctionId === auctionId).length > 0 && onSales,
      { what: 'the sale' }
    )
    expect(sales.find((event) => event.data.sale.auctionId === auctionId)?.data.sale).toMatchObject({
      orderNumber: 'told.1',
      productId: 'product-1',
      userId: 'user-1',
      quantity: 1,
      unitPriceMinor: closed.body.priceMinor,
      totalMinor: closed.body.priceMinor,
      currency: 'USD'
    })
    await eventually(() => firstAppearances(onBids, auctionId).length === 12)
    expect(firstAppearances(onBids, auctionId)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
    const own = onAuctions.filter((event) => event.data.auctionId === auctionId)
    expect(own.map((event) => event.name)).toEqual(['AuctionOpened', 'AuctionClosed'])
    expect(own[1]?.data).toMatchObject({
      outcome: 'sold',
      winnerUserId: 'user-1',
      sequence: 13,
      bidCount: 12,
      hash: closed.body.hash
    })
    expect(onBids.find((event) => event.data.sequence === 2)?.data).toMatchObject({
      bids: [{ bidId: 'b-1', userId: 'user-1', outcome: 'accepted' }],
      outbidUserIds: ['user-0'],
      standing: { leaderUserId: 'user-1', bidCount: 2 }
    })
  })

  test('what a crash left unpublished is published by another process', async () => {
    const crashed = await startProcess(mongodb)
    const { auctionId } = await crashed.house.open(someAuction())
    for (let index = 0; index < 5; index += 1)
      await crashed.house.place(auctionId, `user-${index}`, { bidId: 'b', amountMinor: 100_00 * (index + 1) })
    await crashed.house.close(auctionId)
    await crashed.close()
    const onBids = await wire.watch(bids)
    const onSales = await wire.watch(saleConfirmed)
    await eventually(() => onSales.some((event) => event.data.sale.auctionId === auctionId), { what: 'the sale' })
    await eventually(() => firstAppearances(onBids, auctionId).length === 5)
    expect(firstAppearances(onBids, auctionId)).toEqual([1, 2, 3, 4, 5])
  })

  test('two processes fed the same auction publish no entry before the one before it, and none twice as another event', async () => {
    const other = await startService({ mongodb, topics, tokens: service.tokens })
    const auctionId = 'shared'
    await service.call('POST', '/api/auctions', admin, { ...someAuction(), auctionId })
    await Promise.all([placeMany(service, auctionId, 40, 'left'), placeMany(other, auctionId, 40, 'right')])
    const closed = await other.call('POST', `/api/auctions/${auctionId}/close`, admin)
    const last = closed.body.sequence as number
    const onBids = await wire.watch(bids)
    await eventually(() => firstAppearances(onBids, auctionId).length === last - 1, { what: 'every entry' })
    expect(firstAppearances(onBids, auctionId)).toEqual(Array.from({ length: last - 1 }, (_, index) => index + 1))
    const ids = new Set(onBids.filter((event) => event.data.auctionId === auctionId).map((event) => event.id))
    expect(ids.size).toBe(last - 1)
    await other.close()
  })

  test('with the broker away bids are still taken; when it is back everything is published in order', async () => {
    const gate = await kafkaGate(topics.brokers[0] ?? '')
    const cut = await startService({
      mongodb,
      topics: { brokers: [gate.address], topicPrefix: topics.topicPrefix },
      tokens: service.tokens,
      // Little memory for what waits, so that it has to be read from the ledger again; and no sweep of the other process helps.
      env: { PUBLISH_BACKLOG_BYTES_MAX: '3000' }
    })
    const auctionId = 'cut-off'
    await cut.call('POST', '/api/auctions', admin, { ...someAuction(), auctionId })
    await placeMany(cut, auctionId, 5, 'before')
    gate.shut()
    await placeMany(cut, auctionId, 30, 'during')
    expect((await cut.call('GET', '/readyz')).status).toBe(200)
    gate.open()
    await placeMany(cut, auctionId, 5, 'after')
    const onBids = await wire.watch(bids)
    await eventually(() => firstAppearances(onBids, auctionId).length === 40, { what: 'every entry' })
    expect(firstAppearances(onBids, auctionId)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
    await eventually(() => cut.publisher.pending === 0)
    await cut.close()
    await gate.close()
  })

  test('each accepted bid of a fixed-price sale is a sale at once', async () => {
    const auctionId = 'flash'
    await service.call('POST', '/api/auctions', admin, {
      ...someAuction({ mode: 'fixed-price', quantity: 3, openingPriceMinor: 5_00 }),
      auctionId
    })
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        service.call('POST', `/api/auctions/${auctionId}/bids`, bidder(`u${index}`), { bidId: 'b', amountMinor: 5_00 })
      )
    )
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(3)
    const onSales = await wire.watch(saleConfirmed)
    const own = () => onSales.filter((event) => event.data.sale.auctionId === auctionId)
    await eventually(() => new Set(own().map((event) => event.id)).size === 3)
    const accepted = answers.filter((answer) => answer.status === 201).map((answer) => answer.body.orderNumber)
    expect(new Set(own().map((event) => event.data.sale.orderNumber))).toEqual(new Set(accepted))
  })
})

describe('traces', () => {
  const traceparent = (id: number, flags = '01') => `00-${String(id).padStart(32, 'a')}-b7ad6b7169203331-${flags}`

  test('what a bid brings about belongs to its trace, and no ledger is another for it', async () => {
    const [flash, untraced] = ['traced-flash', 'untraced-flash']
    for (const auctionId of [flash, untraced])
      await service.call('POST', '/api/auctions', admin, {
        ...someAuction({ mode: 'fixed-price', quantity: 3, openingPriceMinor: 5_00 }),
        auctionId
      })
    const bid = (auctionId: string, userId: string, header?: string) =>
      service.call('POST', `/api/auctions/${auctionId}/bids`, bidder(userId), { bidId: 'b', amountMinor: 5_00 }, header)
    await Promise.all([
      bid(flash, 'ann', traceparent(1)),
      bid(flash, 'bob', traceparent(2, '00')),
      bid(flash, 'cid', traceparent(3)),
      bid(untraced, 'ann')
    ])
    const onSales = await wire.watch(saleConfirmed)
    const own = () => new Map(onSales.map((event) => [`${event.data.sale.auctionId} ${event.data.sale.userId}`, event]))
    await eventually(
      () => own().has(`${untraced} ann`) && ['ann', 'bob', 'cid'].every((id) => own().has(`${flash} ${id}`))
    )
    // Sampled or not: who follows a sale follows it by its trace.
    expect(own().get(`${flash} ann`)?.traceparent).toBe(traceparent(1))
    expect(own().get(`${flash} bob`)?.traceparent).toBe(traceparent(2, '00'))
    expect(own().get(`${flash} cid`)?.traceparent).toBe(traceparent(3))
    expect(own().get(`${untraced} ann`)?.traceparent).toBeUndefined()
    for (const auctionId of [flash, untraced]) await service.call('POST', `/api/auctions/${auctionId}/close`, admin)
    const served = await service.call('GET', `/api/auctions/${flash}/ledger?from=0&limit=100`)
    expect(JSON.stringify(served.body)).not.toContain('aaaaaaaa')
    expect(await verifyLedger(served.body.entries)).toMatchObject({ verified: true, level: 'decisions', bids: 3 })
  })

  test('a bid that ends an auction at once, and whoever closes one by hand, have its sale in their trace', async () => {
    const onSales = await wire.watch(saleConfirmed)
    const saleOf = (auctionId: string) => onSales.find((event) => event.data.sale.auctionId === auctionId)
    const place = (auctionId: string, amountMinor: number, header: string) =>
      service.call('POST', `/api/auctions/${auctionId}/bids`, bidder('ann'), { bidId: 'b', amountMinor }, header)
    await service.call('POST', '/api/auctions', admin, {
      ...someAuction({ buyNowPriceMinor: 50_00 }),
      auctionId: 'bought'
    })
    await service.call('POST', '/api/auctions', admin, { ...someAuction(), auctionId: 'by-hand' })
    await place('bought', 50_00, traceparent(4))
    await place('by-hand', 2_00, traceparent(5))
    await service.call('POST', '/api/auctions/by-hand/close', admin, undefined, traceparent(6))
    await eventually(() => saleOf('bought') && saleOf('by-hand'))
    expect(saleOf('bought')?.traceparent).toBe(traceparent(4))
    expect(saleOf('by-hand')?.traceparent).toBe(traceparent(6))
  })
})
