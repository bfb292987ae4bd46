import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fault } from '@gavel/platform/errors.ts'
import { freshMongodb } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { mongodbGate, type Gate } from './gate.ts'
import { ledgerOf, someAuction, startProcess, verdictOf, type Process } from './rig.ts'

const mongodb = freshMongodb('bidding')
let gate: Gate
let behindGate: Process
let direct: Process

beforeAll(async () => {
  const gated = await mongodbGate(mongodb.url)
  gate = gated.gate
  behindGate = await startProcess(
    { url: gated.url, database: mongodb.database },
    { commit: { attemptTimeoutMs: 400, commitTimeoutMs: 3000 } }
  )
  direct = await startProcess(mongodb)
})
afterAll(async () => {
  await behindGate.close()
  await gate.close()
  await direct.close()
  await mongodb.release()
})

describe('an insert without an answer', () => {
  test('whose entry arrived is found to be ours: the bid is answered and stands once', async () => {
    const { auctionId } = await behindGate.house.open(someAuction())
    await behindGate.house.place(auctionId, 'ann', { bidId: 'warm', amountMinor: 1_00 })
    for (let index = 0; index < 5; index += 1) {
      gate.swallowAnswers()
      const answer = behindGate.house.place(auctionId, 'bob', { bidId: `b${index}`, amountMinor: 10_00 * (index + 1) })
      await eventually(async () => (await direct.ledger.last(auctionId))?.keys?.includes(`bob:b${index}`), {
        what: 'the entry'
      })
      gate.cut()
      const receipt = await answer
      expect((await direct.ledger.last(auctionId))?.hash).toBe(receipt.hash)
    }
    const keys = (await ledgerOf(direct, auctionId)).flatMap((document) => document.keys ?? [])
    expect(keys).toEqual(['ann:warm', 'bob:b0', 'bob:b1', 'bob:b2', 'bob:b3', 'bob:b4'])
    await direct.house.close(auctionId)
    expect(await verdictOf(direct, auctionId)).toMatchObject({ verified: true, bids: 6 })
  })

  test('with the database away bids are answered 503 in time; sent again they stand once', async () => {
    const { auctionId } = await behindGate.house.open(someAuction())
    await behindGate.house.place(auctionId, 'ann', { bidId: 'warm', amountMinor: 1_00 })
    gate.shut()
    const attempts = [1, 2, 3].map((index) =>
      behindGate.house.place(auctionId, 'bob', { bidId: `b${index}`, amountMinor: 10_00 * index })
    )
    for (const attempt of await Promise.allSettled(attempts)) {
      expect(attempt.status).toBe('rejected')
      expect(attempt).toHaveProperty('reason', expect.any(Fault))
    }
    gate.open()
    for (const index of [1, 2, 3]) {
      const again = async () =>
        await behindGate.house.place(auctionId, 'bob', { bidId: `b${index}`, amountMinor: 10_00 * index })
      expect(await eventually(again, { what: 'the database to be back' })).toMatchObject({ outcome: 'accepted' })
    }
    const keys = (await ledgerOf(direct, auctionId)).flatMap((document) => document.keys ?? [])
    expect(keys.toSorted()).toEqual(['ann:warm', 'bob:b1', 'bob:b2', 'bob:b3'])
    await direct.house.close(auctionId)
    expect(await verdictOf(direct, auctionId)).toMatchObject({ verified: true })
  })
})
