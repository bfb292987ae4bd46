import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StatedLedger } from '@gavel/contracts/events/statements.ts'
import { freshMongodb } from '../../../test/support/database.ts'
import { ledgerStatement } from '../src/publish/state-ledgers.ts'
import { Offers, type OfferDocument } from '../src/store/offers.ts'
import { someAuction, startProcess, type Process } from './rig.ts'

const mongodb = freshMongodb('bidding')
let process: Process
let client: MongoClient
let offers: Offers
beforeAll(async () => {
  process = await startProcess(mongodb)
  client = await MongoClient.connect(mongodb.url)
  offers = new Offers(client.db(mongodb.database))
})
afterAll(async () => {
  await process.close()
  await client.close()
  await mongodb.release()
})

const LATER = Date.now() + 1_000_000
const stated = async (): Promise<Map<string, StatedLedger>> => {
  const all: StatedLedger[] = []
  const { readPage } = ledgerStatement({ ledger: process.ledger, auctions: process.auctions, offers }, () => LATER)
  for (let after: string | null = ''; after !== null;) {
    const page = await readPage(after)
    all.push(...(page.data['ledgers'] as StatedLedger[]))
    after = page.upTo
  }
  return new Map(all.map((ledger) => [ledger.auctionId, ledger]))
}

test('a statement goes through every ledger: how many sales it holds, those of accepted offers, and what is not published is new', async () => {
  for (let number = 0; number < 120; number += 1) await process.house.open(someAuction({ auctionId: `many-${number}` }))
  const fixed = someAuction({ auctionId: 'fixed', mode: 'fixed-price', quantity: 5 })
  await process.house.open(fixed)
  for (const bidId of ['a', 'b'])
    await process.house.place('fixed', 'ada', { bidId, amountMinor: fixed.openingPriceMinor, quantity: 1 })
  const seen = await stated()
  expect(seen.size).toBe(121)
  expect(seen.get('fixed')).toMatchObject({ saleCount: 2, offeredSales: [], changedAt: LATER })
  expect(seen.get('many-7')).toMatchObject({ sequence: 0, saleCount: 0 })

  const { sequence } = seen.get('fixed')!
  await process.auctions.published([{ auctionId: 'fixed', seq: sequence, isLast: false }])
  const offer: OfferDocument = {
    _id: 'offer',
    auctionId: 'fixed',
    sale: 3,
    productId: 'product-1',
    title: 'A wristwatch',
    userId: 'bob',
    quantity: 1,
    priceMinor: 90,
    currency: 'USD',
    status: 'open',
    madeAt: Date.now(),
    expiresAt: Date.now() + 60_000,
    duties: []
  }
  await offers.make(offer)
  expect((await stated()).get('fixed')).toMatchObject({ offeredSales: [] })
  expect((await stated()).get('fixed')!.changedAt).toBeLessThan(LATER)
  // Accepted, and its sale is still to be told.
  await offers.accept('offer', 'bob', Date.now())
  expect((await stated()).get('fixed')).toMatchObject({ offeredSales: [3], changedAt: LATER })
  await offers.done('offer', 'publish-sale')
  expect((await stated()).get('fixed')!.changedAt).toBeLessThan(LATER)
})
