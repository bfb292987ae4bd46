import { MongoClient, type Collection } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createContext } from '@gavel/platform/service.ts'
import { freshMongodb } from '../../../test/support/database.ts'
import type { LedgerDocument } from '../src/ledger/entry.ts'
import { sha256 } from '../src/ledger/entry.ts'
import { LedgerCheck } from '../src/ledger-check.ts'
import type { AuctionDocument } from '../src/store/auctions.ts'
import { someAuction, startProcess, type Process } from './rig.ts'

const mongodb = freshMongodb('bidding')
let client: MongoClient
let ledger: Collection<LedgerDocument>
let auctions: Collection<AuctionDocument>
let process: Process
let now = Date.now()
const counts: Record<string, number> = {}
let check: LedgerCheck

beforeAll(async () => {
  client = await MongoClient.connect(mongodb.url)
  ledger = client.db(mongodb.database).collection('ledger')
  auctions = client.db(mongodb.database).collection('auctions')
  process = await startProcess(mongodb)
  check = new LedgerCheck({
    ...process,
    clock: () => now,
    log: createContext({ name: 'bidding', logLevel: 'silent' }).log,
    checked: (kind, isWhole) => {
      const name = `${kind} ${isWhole ? 'verified' : 'broken'}`
      counts[name] = (counts[name] ?? 0) + 1
    }
  })
})
afterAll(async () => {
  await process.close()
  await client.close()
  await mongodb.release()
})

const work = () => check.work(new AbortController().signal)
const foundOf = async (auctionId: string) => (await auctions.findOne({ _id: auctionId }))?.verification

/** Three bids of three bidders, shown in the listing as it is now. */
async function auction(terms: Parameters<typeof someAuction>[0] = {}, close = true): Promise<string> {
  const { auctionId } = await process.house.open(someAuction({ quantity: 5, ...terms }))
  for (const [index, userId] of ['ann', 'bob', 'cid'].entries())
    await process.house.place(auctionId, userId, { bidId: 'b', amountMinor: 100_00 * (index + 1) })
  if (close) await process.house.close(auctionId)
  await process.auctions.show([await process.house.read(auctionId)])
  return auctionId
}

describe('stored ledgers are verified', () => {
  test.each(['english', 'fixed-price', 'sealed-first-price', 'sealed-second-price'] as const)(
    'a closed one of mode %s once and whole, an open one not before',
    async (mode) => {
      const terms = mode === 'fixed-price' ? { mode, openingPriceMinor: 100_00 } : { mode }
      const [closed, open] = [await auction(terms), await auction(terms, false)]
      const before = counts['whole verified'] ?? 0
      await work()
      await work()
      expect(counts['whole verified']).toBe(before + 1)
      expect(await foundOf(closed)).toEqual({ at: now })
      expect(await foundOf(open)).toBeUndefined()
      expect(await process.auctions.countBroken()).toBe(0)
    }
  )

  const rehashed = (text: string) => ({ text, hash: sha256(text) })
  const tampering: [string, (auctionId: string, of: (seq: number) => Promise<LedgerDocument>) => Promise<unknown>][] = [
    [
      'a price is another',
      async (auctionId, of) => {
        const text = (await of(2)).text.replace('"leading":true', '"leading":false')
        return await ledger.updateOne({ _id: { auctionId, seq: 2 } }, { $set: { text } })
      }
    ],
    [
      'a price is another and its hash is made anew',
      async (auctionId, of) => {
        const text = (await of(2)).text.replace('"leading":true', '"leading":false')
        return await ledger.updateOne({ _id: { auctionId, seq: 2 } }, { $set: rehashed(text) })
      }
    ],
    ['an entry is gone', async (auctionId) => await ledger.deleteOne({ _id: { auctionId, seq: 2 } })],
    ['its end is gone', async (auctionId) => await ledger.deleteOne({ _id: { auctionId, seq: 4 } })],
    ['all of it is gone', async (auctionId) => await ledger.deleteMany({ '_id.auctionId': auctionId })],
    [
      'a bid is somebody else’s',
      async (auctionId) => await ledger.updateOne({ _id: { auctionId, seq: 2 } }, { $set: { keys: ['eve:b'] } })
    ],
    [
      'a secret is another',
      async (auctionId, of) => {
        const secrets = (await of(2)).secrets.replace('"amountsMinor":[20000]', '"amountsMinor":[10000]')
        return await ledger.updateOne({ _id: { auctionId, seq: 2 } }, { $set: { secrets } })
      }
    ],
    [
      'it is no JSON',
      async (auctionId) => await ledger.updateOne({ _id: { auctionId, seq: 2 } }, { $set: rehashed('{') })
    ]
  ]

  test.each(tampering)('%s: it is found, told once more for as long as it stands, and no longer', async (_, tamper) => {
    const auctionId = await auction()
    const asWritten = await ledger.find({ '_id.auctionId': auctionId }).toArray()
    await tamper(auctionId, async (seq) => asWritten.find(({ _id }) => _id.seq === seq)!)
    expect(await ledger.find({ '_id.auctionId': auctionId }).toArray()).not.toEqual(asWritten)
    await work()
    expect((await foundOf(auctionId))?.problem).toMatchObject({ reason: expect.any(String) as string })
    expect(await process.auctions.countBroken()).toBe(1)
    now += 60_000
    await work()
    expect(await process.auctions.countBroken()).toBe(1)
    await ledger.deleteMany({ '_id.auctionId': auctionId })
    await ledger.insertMany(asWritten)
    now += 60_000
    await work()
    expect(await foundOf(auctionId)).toEqual({ at: now })
    expect(await process.auctions.countBroken()).toBe(0)
  })

  test('an open one, and one that was verified long ago, are sampled', async () => {
    const [open, closed] = [await auction({}, false), await auction()]
    await work()
    expect(await foundOf(closed)).toEqual({ at: now })
    // None but these two, so that it is not left to chance when their turn comes.
    await auctions.deleteMany({ _id: { $nin: [open, closed] } })
    for (const auctionId of [open, closed]) {
      const _id = { auctionId, seq: 2 }
      const { text } = (await ledger.findOne({ _id }))!
      await ledger.updateOne({ _id }, { $set: { text: text.replace('"leading":true', '"leading":false') } })
      while ((await process.auctions.countBroken()) === 0) await work()
      expect((await foundOf(auctionId))?.problem).toEqual({
        sequence: 2,
        reason: 'its hash is not the hash of what it says'
      })
      await ledger.updateOne({ _id }, { $set: { text } })
      now += 60_000
      await work()
      expect(await process.auctions.countBroken()).toBe(0)
    }
    // It is whole again, and waits for its close.
    expect(await foundOf(open)).toBeUndefined()
  })
})
