import { MongoClient } from 'mongodb'
import type { BidderPart } from '@gavel/contracts/api/bidder.ts'
import { BidsDecided } from '@gavel/contracts/events/bidding.ts'
import { bids } from '@gavel/contracts/topics.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshMongodb, freshTopics, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { theWire, type Wire } from '../../../test/support/watch-topic.ts'
import { Participations, type Participation } from '../src/store/participations.ts'
import { admin, bidder, opened, startPair, type Service } from './service.ts'

const mongodb = freshMongodb('bidding')
const env = { LISTING_INTERVAL_MS: '30', SEALING_KEY: Buffer.alloc(32, 4).toString('base64') }
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

let placed = 0
async function bid(userId: string, auctionId: string, amountMinor: number): Promise<number> {
  const service = (placed += 1) % 2 === 0 ? left : right
  const body = { bidId: `bid-${placed}`, amountMinor }
  return (await service.call('POST', `/api/auctions/${auctionId}/bids`, bidder(userId), body)).status
}
const close = async (auctionId: string): Promise<void> => {
  expect((await left.call('POST', `/api/auctions/${auctionId}/close`, admin)).status).toBe(200)
}
async function mine(userId: string, query = ''): Promise<BidderPart[]> {
  const answer = await right.call('GET', `/api/bids${query}`, bidder(userId))
  expect(answer.status).toBe(200)
  return answer.body.items
}
const standings = async (userId: string): Promise<Record<string, string>> =>
  Object.fromEntries((await mine(userId)).map(({ auction, standing }) => [auction.auctionId, standing]))
const stands = async (userId: string, wanted: Record<string, string>): Promise<void> => {
  await eventually(
    async () => {
      expect(await standings(userId)).toEqual(wanted)
      return true
    },
    { what: `${userId} to stand so` }
  )
}
const ledgerNames = async (auctionId: string): Promise<string[]> => {
  const { body } = await left.call('GET', `/api/auctions/${auctionId}/ledger`)
  return body.entries.flatMap(({ bids: decided = [] }: { bids?: { bidder: string }[] }) =>
    decided.map((each) => each.bidder)
  )
}

describe('what somebody bid on', () => {
  test('is listed with how they stand there, in every way of selling, before and after the close', async () => {
    const [led, sealed, fixed, refused, below, cancelled] = [
      await opened(left),
      await opened(left, { mode: 'sealed-second-price' }),
      await opened(left, { mode: 'fixed-price', openingPriceMinor: 5_00, quantity: 3 }),
      await opened(left, { openingPriceMinor: 50_00 }),
      await opened(left, { reservePriceMinor: 90_00 }),
      await opened(left)
    ]
    const ids = { led, sealed, fixed, refused, below, cancelled }
    const of = (words: Partial<Record<keyof typeof ids, string>>): Record<string, string> =>
      Object.fromEntries(Object.entries(words).map(([name, standing]) => [ids[name as keyof typeof ids], standing]))

    expect(await bid('ann', led, 9_00)).toBe(201)
    expect(await bid('bob', led, 20_00)).toBe(201)
    for (const user of ['ann', 'bob']) expect(await bid(user, sealed, user === 'ann' ? 30_00 : 8_00)).toBe(201)
    expect(await bid('ann', fixed, 5_00)).toBe(201)
    expect(await bid('bob', fixed, 4_00)).not.toBe(201)
    expect(await bid('bob', refused, 1_00)).not.toBe(201)
    expect(await bid('ann', below, 10_00)).toBe(201)
    expect(await bid('ann', cancelled, 10_00)).toBe(201)
    await stands(
      'ann',
      of({ led: 'outbid', sealed: 'hidden', fixed: 'bought', below: 'leading', cancelled: 'leading' })
    )
    await stands('bob', of({ led: 'leading', sealed: 'hidden', fixed: 'missed', refused: 'outbid' }))

    for (const auctionId of [led, sealed, fixed, refused, below]) await close(auctionId)
    await left.call('POST', `/api/auctions/${cancelled}/cancel`, admin, { reason: 'It is broken' })
    await stands('ann', of({ led: 'lost', sealed: 'won', fixed: 'bought', below: 'lost', cancelled: 'lost' }))
    await stands('bob', of({ led: 'won', sealed: 'lost', fixed: 'missed', refused: 'lost' }))

    // By the names that the ledgers have for them, and each only their own.
    for (const [user, index] of [
      ['ann', 0],
      ['bob', 1]
    ] as const) {
      const [part] = await mine(user, `?auctionId=${led}`)
      expect(part).toMatchObject({ bidder: (await ledgerNames(led))[index], auction: { auctionId: led } })
    }
    expect(await mine('cid')).toEqual([])
    expect(await mine('bob', `?auctionId=${below}`)).toEqual([])
  })

  test('stays as it is when its events come again, in any order', async () => {
    const auctionIds = [
      await opened(left),
      await opened(left, { mode: 'fixed-price', openingPriceMinor: 5_00, quantity: 3 })
    ]
    for (const auctionId of auctionIds)
      for (const user of ['dan', 'eve', 'dan']) await bid(user, auctionId, 5_00 + placed * 100)
    const seen = await wire.watch(bids)
    const [english, sale] = auctionIds as [string, string]
    // The listing, and who took part, follow the ledgers a moment later: three bids are three entries of each.
    const before = await eventually(async () => {
      const both = [await mine('dan'), await mine('eve')]
      const parts = both.flat()
      return parts.length === 4 && parts.every(({ auction }) => auction.sequence === 3) && both
    })
    expect(await standings('dan')).toEqual({ [english]: 'leading', [sale]: 'bought' })
    const again = await eventually(() => {
      // Either process may publish what the other has not marked yet.
      const own = new Map(
        seen.filter(({ data }) => auctionIds.includes(data.auctionId)).map((event) => [event.id, event])
      )
      return own.size === 6 && [...own.values()]
    })
    await wire.publish(bids, [...again, ...again.toReversed()] as unknown as OutgoingEvent[])
    // Behind them on each partition comes somebody who has not been there.
    await wire.publish(
      bids,
      again.map((event) => ({
        ...event,
        definition: BidsDecided,
        id: `${event.id}-late`,
        data: {
          ...(event.data as OutgoingEvent<typeof BidsDecided>['data']),
          bids: [
            {
              bidId: 'late',
              userId: 'latecomer',
              bidder: 'late',
              outcome: 'accepted' as const,
              priceMinor: 5_00,
              quantity: 1
            }
          ]
        }
      })) as unknown as OutgoingEvent[]
    )
    await eventually(async () => (await mine('latecomer')).length === 2)
    expect([await mine('dan'), await mine('eve')]).toEqual(before)
  })

  test('comes page by page, those joined last first, and none twice', async () => {
    const auctionIds: string[] = []
    for (let index = 0; index < 7; index += 1) {
      auctionIds.unshift(await opened(left))
      await bid('fay', auctionIds[0]!, 9_00)
    }
    await eventually(async () => (await mine('fay')).length === 7)
    const found: BidderPart[] = []
    for (let cursor = ''; ;) {
      const { body } = await left.call('GET', `/api/bids?limit=3${cursor && `&cursor=${cursor}`}`, bidder('fay'))
      expect(body.items.length).toBeLessThanOrEqual(3)
      found.push(...body.items)
      if (!body.nextCursor) break
      cursor = body.nextCursor
    }
    const joined = found.map(({ joinedAt }) => joinedAt)
    expect(joined).toEqual(joined.toSorted((a, b) => b - a))
    expect(found.map(({ auction }) => auction.auctionId).toSorted()).toEqual(auctionIds.toSorted())
  })

  test('is for those signed in, and a cursor of another make is refused', async () => {
    expect((await left.call('GET', '/api/bids')).status).toBe(401)
    const broken = await left.call('GET', '/api/bids?cursor=nonsense', bidder('ann'))
    expect(broken).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } })
  })
})

describe('who took part', () => {
  const ann = (more: Partial<Participation> = {}): Participation => ({
    userId: 'ann',
    auctionId: 'hot',
    bidder: 'a1',
    at: 100,
    accepted: false,
    ...more
  })

  test('is written when it says something new, and not with every bid', async () => {
    const client = await MongoClient.connect(mongodb.url)
    try {
      const participations = new Participations(client.db(mongodb.database), 2)
      const stored = () => participations.ofUser('ann', { auctionId: 'hot', limit: 1 })
      expect(await participations.record([ann()])).toBe(1)
      expect(await participations.record([ann({ at: 200 })])).toBe(0)
      expect(await participations.record([ann({ at: 300, accepted: true })])).toBe(1)
      expect(await participations.record([ann({ at: 400 }), ann({ userId: 'bob', bidder: 'b1' })])).toBe(1)
      expect(await stored()).toMatchObject([{ bidder: 'a1', at: 100, accepted: true }])
      // An event from before comes after: a replay of an older range.
      expect(await participations.record([ann({ at: 50 })])).toBe(1)
      // What was lost is there again by a replay, whatever is remembered of it.
      await client.db(mongodb.database).collection('participations').deleteMany({ userId: 'ann', auctionId: 'hot' })
      expect(await participations.record([ann({ accepted: true })])).toBe(0)
      expect(await participations.record([ann({ at: 50, accepted: true })], { anew: true })).toBe(1)
      expect(await stored()).toMatchObject([{ bidder: 'a1', at: 50, accepted: true }])
      // So many others that she is forgotten: it is written again, and says what it said.
      await participations.record(['cid', 'dan'].map((userId) => ann({ userId, bidder: userId })))
      expect(await participations.record([ann({ at: 500 })])).toBe(1)
      expect(await stored()).toMatchObject([{ bidder: 'a1', at: 50, accepted: true }])
    } finally {
      await client.close()
    }
  })
})
