import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auctions, bids } from '@gavel/contracts/topics.ts'
import { freshMongodb, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { someAuction } from './rig.ts'
import { admin, bidder, opened, startPair, type Service } from './service.ts'

const mongodb = freshMongodb('watching')
const env = {
  ENDING_SOON_MS: '60000',
  CROWD_INTERVAL_MS: '30',
  LISTING_INTERVAL_MS: '30',
  SEALING_KEY: Buffer.alloc(32, 3).toString('base64')
}
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

describe('a watch list', () => {
  test('holds each auction once, counts its watchers exactly, and can be emptied', async () => {
    const [one, two] = [await opened(left), await opened(left)]
    const crowd = Array.from({ length: 8 }, (_, index) => bidder(`watcher-${index}`))
    await Promise.all(
      crowd.flatMap((user) =>
        [left, right, left].map(async (service) => {
          expect((await service.call('PUT', `/api/auctions/${one}/watch`, user)).status).toBe(204)
        })
      )
    )
    expect((await left.call('PUT', `/api/auctions/${two}/watch`, crowd[0])).status).toBe(204)
    expect((await right.call('GET', `/api/auctions/${one}`)).body.watchers).toBe(8)
    const mine = await right.call('GET', '/api/watches', crowd[0])
    expect(mine.body.items).toMatchObject([
      { auction: { auctionId: two, watchers: 1 } },
      { auction: { auctionId: one, watchers: 8 } }
    ])
    await Promise.all(
      [left, right].map(async (service) => {
        expect((await service.call('DELETE', `/api/auctions/${one}/watch`, crowd[0])).status).toBe(204)
      })
    )
    expect((await right.call('GET', `/api/auctions/${one}`)).body.watchers).toBe(7)
    expect((await left.call('GET', '/api/watches', crowd[0])).body.items).toHaveLength(1)
    expect((await left.call('PUT', '/api/auctions/no-such-auction/watch', crowd[0])).body.code).toBe(
      'AUCTION_NOT_FOUND'
    )
    expect((await left.call('GET', '/api/watches')).status).toBe(401)
  })
})

describe('a crowd', () => {
  test('is told that what it watches ends soon, and only then', async () => {
    const seen = await wire.watch(auctions)
    const toldOf = (auctionId: string) =>
      seen.filter((event) => event.name === 'CrowdTold' && event.data.auctionId === auctionId)
    const [soon, later] = [await opened(left, { endsAt: Date.now() + 59_000 }), await opened(left)]
    for (const auctionId of [later, soon]) await left.call('PUT', `/api/auctions/${auctionId}/watch`, bidder('ann'))
    await eventually(() => toldOf(soon).length > 0)
    expect(toldOf(soon)[0]?.data).toMatchObject({ what: 'ending-soon', userIds: ['ann'] })
    expect(toldOf(later)).toEqual([])
  })

  test('of bidders and watchers is told that an auction was cancelled, and why', async () => {
    const auctionId = await opened(left, { mode: 'sealed-first-price' })
    await left.call('PUT', `/api/auctions/${auctionId}/watch`, bidder('ann'))
    for (const user of ['bob', 'cid'])
      await right.call('POST', `/api/auctions/${auctionId}/bids`, bidder(user), { bidId: 'b', amountMinor: 9_00 })
    expect((await right.call('POST', `/api/auctions/${auctionId}/cancel`, bidder('bob'), { reason: 'x' })).status).toBe(
      403
    )
    const cancelled = await right.call('POST', `/api/auctions/${auctionId}/cancel`, admin, { reason: 'It is broken' })
    expect(cancelled).toMatchObject({ status: 200, body: { outcome: 'cancelled', cancelReason: 'It is broken' } })
    const seen = await wire.watch(auctions)
    const of = (name: string) => seen.filter((event) => event.name === name && event.data.auctionId === auctionId)
    const crowd = await eventually(() => of('CrowdTold')[0])
    expect(crowd.data).toMatchObject({ what: 'cancelled', reason: 'It is broken' })
    expect('userIds' in crowd.data && crowd.data.userIds.toSorted()).toEqual(['ann', 'bob', 'cid'])
    expect(of('AuctionOpened')[0]).toMatchObject({ definition: { version: 2 }, data: { mode: 'sealed-first-price' } })
    expect(of('AuctionCancelled')[0]?.data).toMatchObject({ reason: 'It is broken', changedBy: 'admin', bidCount: 2 })
    expect(of('AuctionClosed')).toEqual([])
  })

  test('of those who bid without winning and those who watch is told how an auction ended', async () => {
    const seen = await wire.watch(auctions)
    const toldOf = (auctionId: string) =>
      seen.filter((event) => event.name === 'EndTold' && event.data.auctionId === auctionId)
    const sealed = await opened(left, { mode: 'sealed-second-price' })
    await left.call('PUT', `/api/auctions/${sealed}/watch`, bidder('ann'))
    for (const [user, amountMinor] of [
      ['bob', 9_00],
      ['cid', 8_00]
    ] as const)
      await right.call('POST', `/api/auctions/${sealed}/bids`, bidder(user), { bidId: 'b', amountMinor })
    const unsold = await opened(left, { reservePriceMinor: 90_00 })
    await left.call('POST', `/api/auctions/${unsold}/bids`, bidder('dan'), { bidId: 'b', amountMinor: 9_00 })
    const fixed = await opened(left, { mode: 'fixed-price' })
    await left.call('PUT', `/api/auctions/${fixed}/watch`, bidder('ann'))
    for (const auctionId of [fixed, unsold, sealed])
      expect((await left.call('POST', `/api/auctions/${auctionId}/close`, admin)).status).toBe(200)
    const [told] = await eventually(() => toldOf(sealed).length > 0 && toldOf(unsold).length > 0 && toldOf(sealed))
    expect(told?.data).toMatchObject({ outcome: 'sold', priceMinor: 8_00 })
    const usersOf = (auctionId: string) =>
      toldOf(auctionId).flatMap(({ data }) => ('userIds' in data ? data.userIds.toSorted() : []))
    expect(new Set(usersOf(sealed))).toEqual(new Set(['ann', 'cid']))
    expect(toldOf(unsold)[0]?.data).toMatchObject({ outcome: 'reserve-not-met', userIds: ['dan'] })
    expect(toldOf(fixed)).toEqual([])
  })

  test('hears of a later end by an event in the order of the ledger', async () => {
    const command = someAuction()
    await left.call('POST', '/api/auctions', admin, command)
    const endsAt = command.endsAt + 5_000
    const extended = await right.call('POST', `/api/auctions/${command.auctionId}/extend`, admin, { endsAt })
    expect(extended).toMatchObject({ status: 200, body: { endsAt, sequence: 1 } })
    const seen = await wire.watch(bids)
    const [event] = await eventually(() => {
      const own = seen.filter((one) => one.data.auctionId === command.auctionId)
      return own.length > 0 && own
    })
    expect(event).toMatchObject({ name: 'AuctionExtended', data: { sequence: 1, endsAt, changedBy: 'admin' } })
    const earlier = await left.call('POST', `/api/auctions/${command.auctionId}/extend`, admin, { endsAt: endsAt - 1 })
    expect(earlier).toMatchObject({ status: 422, body: { code: 'AUCTION_END_NOT_LATER' } })
  })
})

describe('a credit limit', () => {
  test('is set by an admin and counts at every process a moment later', async () => {
    const auctionId = await opened(left)
    const set = (limitMinor: number | null) => left.call('PUT', '/api/bidders/dan/credit/USD', admin, { limitMinor })
    expect(await set(20_00)).toMatchObject({ status: 200, body: { userId: 'dan', currency: 'USD', limitMinor: 20_00 } })
    expect((await left.call('PUT', '/api/bidders/dan/credit/USD', bidder('dan'), { limitMinor: 1 })).status).toBe(403)
    const place = (service: Service, bidId: string, amountMinor: number) =>
      service.call('POST', `/api/auctions/${auctionId}/bids`, bidder('dan'), { bidId, amountMinor })
    expect(await place(left, 'b1', 20_01)).toMatchObject({ status: 409, body: { code: 'CREDIT_LIMIT_EXCEEDED' } })
    expect((await place(left, 'b2', 15_00)).status).toBe(201)
    // Where nothing is taken yet, the code tells when the other process knows of the limit.
    const scheduled = await opened(left, { startsAt: Date.now() + 300_000 })
    const ask = async (bidId: string) =>
      (await right.call('POST', `/api/auctions/${scheduled}/bids`, bidder('dan'), { bidId, amountMinor: 20_01 })).body
        .code
    let asked = 0
    await eventually(async () => (await ask(`b${(asked += 1)}`)) === 'CREDIT_LIMIT_EXCEEDED')
    expect((await right.call('GET', '/api/credit', bidder('dan'))).body.items).toEqual([
      { currency: 'USD', limitMinor: 20_00, heldMinor: 15_00 }
    ])
    await set(null)
    expect((await place(left, 'b3', 90_00)).status).toBe(201)
  })
})
