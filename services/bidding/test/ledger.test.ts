import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { freshMongodb } from '../../../test/support/database.ts'
import { canonicalize } from '../src/ledger/canonical.ts'
import { entryOf, secretsOf } from '../src/ledger/read.ts'
import { verifyLedger } from '../src/verify/verify.ts'
import { ledgerOf, servedLedger, someAuction, startProcess, verdictOf, type Process } from './rig.ts'

const mongodb = freshMongodb('bidding')
let left: Process
let right: Process

beforeAll(async () => {
  left = await startProcess(mongodb)
  right = await startProcess(mongodb)
})
afterAll(async () => {
  await Promise.all([left.close(), right.close()])
  await mongodb.release()
})

const place = async (process: Process, auctionId: string, userId: string, bidId: string, amountMinor: number) =>
  await process.house.place(auctionId, userId, { bidId, amountMinor })

describe('one process', () => {
  test('bids that come together share one entry, are decided in their order, and the ledger verifies', async () => {
    const { auctionId } = await left.house.open(someAuction())
    const receipts = await Promise.all([
      place(left, auctionId, 'ann', 'b1', 50_00),
      place(left, auctionId, 'bob', 'b2', 20_00),
      place(left, auctionId, 'cid', 'b3', 20_10)
    ])
    expect(
      receipts.map(({ sequence, index, outcome, code, leading, priceMinor, priceToBeatMinor }) => [
        sequence,
        index,
        outcome,
        code,
        leading,
        priceMinor,
        priceToBeatMinor
      ])
    ).toEqual([
      [1, 0, 'accepted', undefined, true, 1_00, 1_25],
      [1, 1, 'accepted', undefined, false, 20_50, 21_00],
      [1, 2, 'refused', 'BID_TOO_LOW', false, 20_50, 21_00]
    ])
    const closed = await left.house.close(auctionId)
    expect(closed).toMatchObject({ status: 'closed', priceMinor: 20_50, sequence: 2 })
    expect(await verdictOf(left, auctionId)).toMatchObject({
      verified: true,
      entries: 3,
      bids: 3,
      closed: true,
      level: 'decisions'
    })
  })

  test('what is stored is canonical JSON', async () => {
    const { auctionId } = await left.house.open(someAuction({ reservePriceMinor: 30_00, antiSnipingWindowMs: 900_000 }))
    await Promise.all([
      place(left, auctionId, 'ann', 'b1', 50_00),
      place(left, auctionId, 'bob', 'b2', 2_00),
      place(left, auctionId, 'bob', 'b3', 90_00)
    ])
    await left.house.close(auctionId)
    for (const document of await ledgerOf(left, auctionId)) {
      expect(canonicalize(entryOf(document))).toBe(document.text)
      expect(canonicalize(secretsOf(document))).toBe(document.secrets)
    }
    expect(await verdictOf(left, auctionId)).toMatchObject({ verified: true, level: 'decisions' })
  })

  test('maxima, the reserve and user ids are not served while the auction runs; user ids never', async () => {
    const { auctionId } = await left.house.open(someAuction({ reservePriceMinor: 77_77_77 }))
    expect(JSON.stringify(await servedLedger(left, auctionId))).not.toContain('777777')
    await place(left, auctionId, 'user-ann', 'b1', 81_34_56)
    await place(left, auctionId, 'user-bob', 'b2', 98_76_54)
    const open = JSON.stringify(await servedLedger(left, auctionId))
    for (const secret of ['987654', 'user-ann', 'user-bob', 'salt']) expect(open).not.toContain(secret)
    await left.house.close(auctionId)
    const closed = JSON.stringify(await servedLedger(left, auctionId))
    for (const opened of ['777777', '987654', '813456', 'salt']) expect(closed).toContain(opened)
    for (const secret of ['user-ann', 'user-bob', 'bidderKey"']) expect(closed).not.toContain(secret)
  })

  test('nothing is taken before the start; the refusal has a receipt', async () => {
    const { auctionId } = await left.house.open(someAuction({ startsAt: Date.now() + 300_000 }))
    expect(await place(left, auctionId, 'ann', 'b1', 50_00)).toMatchObject({
      outcome: 'refused',
      code: 'AUCTION_NOT_OPEN',
      sequence: 1
    })
  })

  test('nothing is taken after the close, and nothing is appended', async () => {
    const { auctionId } = await left.house.open(someAuction())
    const first = await place(left, auctionId, 'ann', 'b1', 50_00)
    await left.house.close(auctionId)
    await expect(place(left, auctionId, 'bob', 'b2', 90_00)).rejects.toMatchObject({ code: 'AUCTION_CLOSED' })
    expect(await place(left, auctionId, 'ann', 'b1', 50_00)).toEqual(first)
    expect((await left.house.close(auctionId)).sequence).toBe(2)
    expect(await ledgerOf(left, auctionId)).toHaveLength(3)
  })

  test('the same bid again has the same receipt; with another amount it is refused', async () => {
    const { auctionId } = await left.house.open(someAuction())
    const [one, two] = await Promise.all([
      place(left, auctionId, 'ann', 'b1', 50_00),
      place(left, auctionId, 'ann', 'b1', 50_00)
    ])
    expect(two).toEqual(one)
    await expect(place(left, auctionId, 'ann', 'b1', 60_00)).rejects.toMatchObject({ code: 'BID_ID_REUSED' })
    expect(await place(left, auctionId, 'bob', 'b1', 60_00)).toMatchObject({ outcome: 'accepted', leading: true })
    expect(await left.house.receipt(auctionId, 'ann', 'b1')).toEqual(one)
    await expect(left.house.receipt(auctionId, 'cid', 'b1')).rejects.toMatchObject({ code: 'BID_NOT_FOUND' })
  })

  test('an auction opened again with the same terms is the same; with others it is refused', async () => {
    const command = someAuction({ reservePriceMinor: 20_00 })
    const first = await left.house.open(command)
    expect(await right.house.open(command)).toEqual(first)
    await expect(left.house.open({ ...command, openingPriceMinor: 2_00 })).rejects.toMatchObject({
      code: 'AUCTION_EXISTS'
    })
  })

  test('the queue is bounded: what does not fit is told to come again', async () => {
    const small = await startProcess(mongodb, { limits: { waitingMax: 10, entryBidsMax: 3 } })
    const { auctionId } = await small.house.open(someAuction())
    await place(small, auctionId, 'ann', 'first', 1_00)
    const results = await Promise.allSettled(
      Array.from({ length: 25 }, (_, index) => place(small, auctionId, `u${index}`, 'b', 2_00 + index * 100))
    )
    const refused = results.filter((one) => one.status === 'rejected')
    expect(refused).toHaveLength(15)
    for (const one of refused) expect(one.reason).toMatchObject({ code: 'UNAVAILABLE' })
    const entries = await ledgerOf(small, auctionId)
    expect(Math.max(...entries.map((entry) => entry.keys?.length ?? 0))).toBe(3)
    expect(entries.flatMap((entry) => entry.keys ?? [])).toHaveLength(11)
    await small.close()
  })
})

describe('a fixed-price sale', () => {
  test('500 buyers of 10 pieces: ten sales, and a limit per buyer that a restart does not forget', async () => {
    const { auctionId } = await left.house.open(someAuction({ mode: 'fixed-price', quantity: 10, quantityPerBuyer: 2 }))
    const crowd = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        place(index % 2 ? left : right, auctionId, `u${index}`, 'b', 1_00).catch((error: unknown) => {
          // Who comes when the ledger says that all is sold is not written into it.
          if (!(error instanceof Refusal)) throw error
          return { outcome: 'refused' as const, code: error.code, orderNumber: undefined }
        })
      )
    )
    const sold = crowd.filter((one) => one.outcome === 'accepted')
    expect(new Set(sold.map((one) => one.orderNumber))).toEqual(
      new Set(Array.from({ length: 10 }, (_, index) => `${auctionId}.${index + 1}`))
    )
    expect(sold).toHaveLength(10)
    expect(new Set(crowd.filter((one) => one.outcome === 'refused').map((one) => one.code))).toEqual(
      new Set(['SOLD_OUT'])
    )
    await left.house.close(auctionId)
    expect(await verdictOf(left, auctionId)).toMatchObject({ verified: true, level: 'decisions' })

    const { auctionId: second } = await left.house.open(
      someAuction({ mode: 'fixed-price', quantity: 100, quantityPerBuyer: 2 })
    )
    await place(left, second, 'ann', 'b1', 1_00)
    await place(right, second, 'ann', 'b2', 1_00)
    const restarted = await startProcess(mongodb)
    for (const process of [left, right, restarted]) {
      expect(await place(process, second, 'ann', `b${Math.random()}`.replace('.', ''), 1_00)).toMatchObject({
        code: 'QUANTITY_LIMIT'
      })
    }
    await restarted.close()
  })
})

describe('two processes without affinity', () => {
  interface Step {
    who: 'left' | 'right'
    user: string
    bid: number
    amountMinor: number
    pause: boolean
  }
  const someStep: fc.Arbitrary<Step> = fc.record({
    who: fc.constantFrom('left', 'right'),
    user: fc.constantFrom('ann', 'bob', 'cid', 'dan'),
    // Few ids, so that the same bid comes again, on either process.
    bid: fc.integer({ min: 0, max: 15 }),
    amountMinor: fc.integer({ min: 50, max: 60_00 }),
    pause: fc.boolean()
  })

  test('one chain; every receipt is in the ledger once; none is lost, doubled or reordered', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(someStep, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, entryBidsMax) => {
          // A process of its own for each run on one side: it starts in the middle of things.
          const fresh = await startProcess(mongodb, { limits: { entryBidsMax } })
          const { auctionId } = await left.house.open(someAuction())
          const answers: Promise<{ step: Step; receipt?: BidReceipt; code?: string }>[] = []
          for (const step of steps) {
            const process = step.who === 'left' ? left : fresh
            answers.push(
              place(process, auctionId, step.user, `bid-${step.bid}`, step.amountMinor).then(
                (receipt) => ({ step, receipt }),
                (error: unknown) => {
                  if (!(error instanceof Refusal)) throw error
                  return { step, code: error.code }
                }
              )
            )
            if (step.pause)
              await Promise.race([Promise.allSettled(answers), new Promise((resolve) => setImmediate(resolve))])
          }
          const answered = await Promise.all(answers)
          await right.house.close(auctionId)

          const verdict = await verdictOf(right, auctionId)
          expect(verdict).toMatchObject({ verified: true, closed: true, level: 'decisions' })
          const documents = await ledgerOf(right, auctionId)
          expect(documents.map((document) => document._id.seq)).toEqual(documents.map((_, index) => index))
          const keys = documents.flatMap((document) => document.keys ?? [])
          expect(new Set(keys).size).toBe(keys.length)
          const asked = new Set(steps.map((step) => `${step.user}:bid-${step.bid}`))
          expect(new Set(keys)).toEqual(asked)

          for (const { step, receipt, code } of answered) {
            expect(code).toBe(receipt ? undefined : 'BID_ID_REUSED')
            if (!receipt) continue
            const document = documents[receipt.sequence]
            expect(document?.hash).toBe(receipt.hash)
            expect(document?.keys?.[receipt.index]).toBe(`${step.user}:${receipt.bidId}`)
            expect(document && secretsOf(document).amountsMinor[receipt.index]).toBe(step.amountMinor)
          }
          await fresh.close()
        }
      ),
      { numRuns: 40 }
    )
  })

  test('a caller who waits for each answer finds his bids in that order, wherever he sends them', async () => {
    const { auctionId } = await left.house.open(someAuction())
    const noise = Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        place(index % 3 ? left : right, auctionId, `noise-${index}`, 'b', 1_00 + index)
      )
    )
    const places: [number, number][] = []
    for (let index = 0; index < 30; index += 1) {
      const receipt = await place(index % 2 ? left : right, auctionId, 'ann', `b${index}`, 500_00 + index * 100)
      places.push([receipt.sequence, receipt.index])
    }
    await noise
    expect(places.toSorted(([a, b], [c, d]) => a - c || b - d)).toEqual(places)
    expect(await verdictOf(left, auctionId)).toMatchObject({ verified: true, bids: 230 })
  })

  test('the same bid sent to the other process, and to one started later, has the same receipt', async () => {
    const { auctionId } = await left.house.open(someAuction())
    const receipt = await place(left, auctionId, 'ann', 'b1', 50_00)
    await place(right, auctionId, 'bob', 'b2', 60_00)
    expect(await place(right, auctionId, 'ann', 'b1', 50_00)).toEqual(receipt)
    const later = await startProcess(mongodb)
    expect(
      await Promise.all([place(later, auctionId, 'ann', 'b1', 50_00), place(later, auctionId, 'cid', 'b3', 70_00)])
    ).toMatchObject([receipt, { leading: true }])
    await expect(place(later, auctionId, 'bob', 'b2', 61_00)).rejects.toMatchObject({ code: 'BID_ID_REUSED' })
    await later.close()
  })
})

describe('a ledger with one altered byte', () => {
  test('does not verify, whichever entry and whichever byte', async () => {
    const { auctionId } = await left.house.open(someAuction({ reservePriceMinor: 40_00, antiSnipingWindowMs: 700_000 }))
    for (let index = 0; index < 6; index += 1)
      await place(left, auctionId, `u${index % 3}`, `b${index}`, 2_00 + index * 700)
    await left.house.close(auctionId)
    const entries = await servedLedger(left, auctionId)
    expect(await verifyLedger(entries)).toMatchObject({ verified: true })
    const lines = entries.map((entry) => JSON.stringify(entry))
    let altered = 0
    const unnoticed: string[] = []
    for (const [number, line] of lines.entries()) {
      for (let at = 0; at < line.length; at += 1) {
        const old = line.charCodeAt(at)
        const changed = line.slice(0, at) + String.fromCharCode(old === 57 ? 48 : old + 1) + line.slice(at + 1)
        let parsed: unknown
        try {
          parsed = JSON.parse(changed)
        } catch {
          continue
        }
        altered += 1
        const verdict = await verifyLedger(entries.with(number, parsed))
        if (verdict.verified)
          unnoticed.push(`Entry ${number}, byte ${at}: ${changed.slice(Math.max(0, at - 20), at + 20)}`)
      }
    }
    expect(unnoticed).toEqual([])
    expect(altered).toBeGreaterThan(1000)
  })

  test('nor does one with an entry dropped, doubled or swapped', async () => {
    const { auctionId } = await left.house.open(someAuction())
    for (let index = 0; index < 5; index += 1) await place(left, auctionId, 'ann', `b${index}`, 2_00 + index * 700)
    await left.house.close(auctionId)
    const entries = await servedLedger(left, auctionId)
    for (let at = 0; at < entries.length - 1; at += 1) {
      expect((await verifyLedger(entries.toSpliced(at, 1))).verified).toBe(false)
      expect((await verifyLedger(entries.toSpliced(at, 0, entries[at]))).verified).toBe(false)
      expect((await verifyLedger(entries.with(at, entries[at + 1]).with(at + 1, entries[at]))).verified).toBe(false)
    }
  })
})
