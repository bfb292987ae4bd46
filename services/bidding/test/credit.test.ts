import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { MongoClient } from 'mongodb'
import { Refusal } from '@gavel/platform/errors.ts'
import { freshMongodb } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { heldMinor, reserve } from '../src/domain/credit.ts'
import { secretsOf } from '../src/ledger/read.ts'
import { accountIdOf } from '../src/store/accounts.ts'
import { someAuction, startProcess, verdictOf, type Process } from './rig.ts'

const mongodb = freshMongodb('credit')
let left: Process
let right: Process

beforeAll(async () => {
  left = await startProcess(mongodb)
  right = await startProcess(mongodb)
})
afterAll(async () => {
  await Promise.all([left, right].map((process) => process.credit.changes.drain()))
  await Promise.all([left.close(), right.close()])
  await mongodb.release()
})

let users = 0
async function limited(limitMinor: number): Promise<string> {
  const userId = `limited-${(users += 1)}`
  await left.credit.setLimit({ userId, currency: 'USD', limitMinor })
  await right.credit.refresh()
  return userId
}

let bids = 0
/** The receipt, or the code of the refusal. */
const bid = async (process: Process, auctionId: string, userId: string, amountMinor: number) =>
  await process.house
    .place(auctionId, userId, { bidId: `b${(bids += 1)}`, amountMinor })
    .catch((error: unknown): string => {
      if (!(error instanceof Refusal)) throw error
      return error.code
    })

async function held(userId: string): Promise<number> {
  await Promise.all([left, right].map((process) => process.credit.changes.drain()))
  const id = accountIdOf(userId, 'USD')
  const account = (await left.accounts.read([id])).get(id)?.account
  return account ? heldMinor(account) : 0
}

const saleOf = (receipt: { orderNumber?: string }, userId: string): Sale => ({
  orderNumber: receipt.orderNumber ?? '',
  auctionId: 'a',
  productId: 'p',
  userId,
  quantity: 1,
  unitPriceMinor: 1,
  totalMinor: 1,
  currency: 'USD',
  confirmedAt: 1
})

describe('a limited bidder', () => {
  test('holds his maximum until he is outbid, over all auctions and in both processes', async () => {
    const ann = await limited(100_00)
    const [one, two] = await Promise.all([left.house.open(someAuction()), left.house.open(someAuction())])
    expect(await bid(left, one.auctionId, ann, 70_00)).toMatchObject({ leading: true })
    expect(await bid(right, two.auctionId, ann, 30_01)).toBe('CREDIT_LIMIT_EXCEEDED')
    expect(await bid(right, two.auctionId, ann, 30_00)).toMatchObject({ leading: true })
    expect(await held(ann)).toBe(100_00)
    // A raise holds the difference only.
    expect(await bid(right, one.auctionId, ann, 70_01)).toBe('CREDIT_LIMIT_EXCEEDED')
    await bid(left, two.auctionId, 'bob', 90_00)
    await eventually(async () => (await held(ann)) === 70_00)
    expect(await bid(right, one.auctionId, ann, 100_00)).toMatchObject({ leading: true })
    expect(await held(ann)).toBe(100_00)
    // What was refused for want of credit is nobody's business: the ledger does not know of it.
    expect(await verdictOf(left, one.auctionId)).toMatchObject({ verified: true, bids: 2 })
  })

  test('who wins holds the price until it is paid; who does not holds nothing', async () => {
    const [ann, bob] = [await limited(100_00), await limited(100_00)]
    const { auctionId } = await left.house.open(someAuction({ mode: 'sealed-second-price' }))
    await bid(left, auctionId, ann, 80_00)
    await bid(right, auctionId, bob, 60_00)
    expect([await held(ann), await held(bob)]).toEqual([80_00, 60_00])
    await right.house.close(auctionId)
    await eventually(async () => (await held(bob)) === 0 && (await held(ann)) === 60_00)
    await left.credit.saleEnded(saleOf({ orderNumber: `${auctionId}.1` }, ann))
    expect(await held(ann)).toBe(0)
  })

  test('a sealed bid that is lowered holds less, and the database does not tell what it holds', async () => {
    const ann = await limited(1_000_00_00)
    const { auctionId } = await left.house.open(someAuction({ mode: 'sealed-first-price' }))
    await bid(left, auctionId, ann, 81_34_56)
    const client = await MongoClient.connect(mongodb.url)
    const stored = await client.db(mongodb.database).collection('accounts').find({}).toArray()
    await client.close()
    expect(stored.length).toBeGreaterThan(0)
    expect(JSON.stringify(stored)).not.toContain('813456')
    await bid(right, auctionId, ann, 20_00)
    await eventually(async () => (await held(ann)) === 20_00)
    await left.house.cancel(auctionId, 'A mistake', 'admin')
    await eventually(async () => (await held(ann)) === 0)
  })

  test('each piece of a sale holds its price until it is paid; a purchase sent again is the same purchase', async () => {
    const ann = await limited(100_00)
    const { auctionId } = await left.house.open(
      someAuction({ mode: 'fixed-price', openingPriceMinor: 40_00, quantity: 10 })
    )
    const place = (process: Process, bidId: string) =>
      process.house.place(auctionId, ann, { bidId, amountMinor: 40_00 })
    const answers = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => place(index % 2 ? left : right, `b${index}`))
    )
    const receipts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    expect(receipts).toHaveLength(2)
    expect(await held(ann)).toBe(80_00)
    const [first] = receipts as [BidReceipt]
    const later = await startProcess(mongodb)
    expect(await place(later, first.bidId)).toEqual(first)
    await expect(later.house.place(auctionId, ann, { bidId: first.bidId, amountMinor: 50_00 })).rejects.toMatchObject({
      code: 'BID_ID_REUSED'
    })
    await later.close()
    await right.credit.saleEnded(saleOf(first, ann))
    await right.credit.saleEnded(saleOf(first, ann))
    expect(await held(ann)).toBe(40_00)
    expect(await place(left, 'another')).toMatchObject({ outcome: 'accepted' })
  })

  test('is let go by a process that does not know of his limit yet', async () => {
    const ann = await limited(100_00)
    const { auctionId } = await left.house.open(someAuction())
    await bid(left, auctionId, ann, 70_00)
    const unaware = await startProcess(mongodb)
    Object.defineProperty(unaware.credit, 'isLimited', { value: () => false })
    await unaware.house.close(auctionId)
    await eventually(async () => (await held(ann)) === 1_00)
    await unaware.credit.saleEnded(saleOf({ orderNumber: `${auctionId}.1` }, ann))
    expect(await held(ann)).toBe(0)
    await unaware.credit.saleEnded(saleOf({ orderNumber: `${auctionId}.9` }, 'nobody'))
    expect((await left.accounts.read([accountIdOf('nobody', 'USD')])).size).toBe(0)
    await unaware.close()
  })

  test('a bidder without a limit has no account and costs no look at one', async () => {
    const { auctionId } = await left.house.open(someAuction())
    await bid(left, auctionId, 'unlimited', 70_00)
    await bid(right, auctionId, 'unlimited', 80_00)
    expect((await left.accounts.read([accountIdOf('unlimited', 'USD')])).size).toBe(0)
  })
})

describe('any crowd of bids', () => {
  test('at two processes and over several auctions binds nobody beyond his limit', async () => {
    const LIMIT = 50_00
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            at: fc.constantFrom('left', 'right'),
            who: fc.nat(2),
            auction: fc.nat(3),
            amountMinor: fc.integer({ min: 1_00, max: LIMIT })
          }),
          { minLength: 20, maxLength: 60 }
        ),
        fc.integer({ min: 1, max: 15 }),
        async (steps, atOnce) => {
          const who = await Promise.all([limited(LIMIT), limited(LIMIT), limited(LIMIT)])
          const opened = await Promise.all(Array.from({ length: 4 }, () => left.house.open(someAuction())))
          const exposure = async (userId: string): Promise<number> => {
            let sum = 0
            for (const { auctionId } of opened) {
              const last = await left.ledger.last(auctionId)
              if (last?.leader === userId) sum += secretsOf(last).maximumMinor
            }
            return sum
          }
          for (let from = 0; from < steps.length; from += atOnce) {
            await Promise.all(
              steps.slice(from, from + atOnce).map(async (step) => {
                const process = step.at === 'left' ? left : right
                await bid(process, opened[step.auction]?.auctionId ?? '', who[step.who] ?? '', step.amountMinor)
              })
            )
            for (const userId of who) expect(await exposure(userId)).toBeLessThanOrEqual(LIMIT)
          }
          for (const userId of who) expect(await held(userId)).toBe(await exposure(userId))
        }
      ),
      { numRuns: 4 }
    )
  })
})

describe('what a crash left', () => {
  test('is put right from the ledger: a bid that arrived binds, one that did not holds nothing', async () => {
    const ann = await limited(100_00)
    const [arrived, lost] = await Promise.all([left.house.open(someAuction()), left.house.open(someAuction())])
    const id = accountIdOf(ann, 'USD')
    for (const { auctionId } of [arrived, lost]) {
      const amountMinor = auctionId === arrived.auctionId ? 40_00 : 50_00
      const pending = {
        auctionId,
        token: auctionId,
        amountMinor,
        kind: 'lot' as const,
        madeAt: Date.now(),
        until: Date.now()
      }
      await left.credit.changes.make(id, (account) => reserve(account, pending, null))
    }
    // In the ledger, by a process that noted nothing of it.
    const book = await right.house.books.of(arrived.auctionId)
    await book.place({ userId: ann, bidId: 'b', amountMinor: 40_00, quantity: 1 })
    await right.credit.changes.drain()
    expect(await held(ann)).toBe(90_00)
    await left.sweep.work()
    expect(await held(ann)).toBe(40_00)

    // Outbid and closed by processes that noted nothing of it either.
    const dumb = await startProcess(mongodb, { credit: { defaultMinor: null } })
    Object.defineProperty(dumb.credit, 'committed', { value: () => undefined })
    await dumb.house.place(arrived.auctionId, 'bob', { bidId: 'b', amountMinor: 90_00 })
    expect(await held(ann)).toBe(40_00)
    await left.sweep.work()
    expect(await held(ann)).toBe(0)
    await bid(left, lost.auctionId, ann, 30_00)
    expect(await held(ann)).toBe(30_00)
    await dumb.house.close(lost.auctionId)
    await left.sweep.work()
    const account = (await left.accounts.read([id])).get(id)?.account
    expect(account).toMatchObject({
      holds: [{ auctionId: arrived.auctionId }],
      sales: [{ orderNumber: `${lost.auctionId}.1` }]
    })
    await dumb.close()
  })
})
