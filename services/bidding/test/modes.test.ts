import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshMongodb } from '../../../test/support/database.ts'
import { commitmentText } from '../src/ledger/form.ts'
import { sha256 } from '../src/ledger/entry.ts'
import { sealingKeysFrom } from '../src/ledger/seal.ts'
import { verifyLedger } from '../src/verify/verify.ts'
import { ledgerOf, servedLedger, someAuction, startProcess, verdictOf, type Process } from './rig.ts'

const mongodb = freshMongodb('modes')
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

describe('sealed bids', () => {
  const amounts = { ann: 81_34_56, bob: 98_76_54, cid: 45_67_89 }

  test('show no amount in answers, ledger, events or database until the close, and then all of them verify', async () => {
    const { auctionId } = await left.house.open(someAuction({ mode: 'sealed-second-price' }))
    const receipts = await Promise.all(
      Object.entries(amounts).map(([user, amount], index) =>
        place(index % 2 ? left : right, auctionId, user, 'b', amount)
      )
    )
    for (const receipt of receipts) {
      expect(receipt).toMatchObject({ outcome: 'accepted', leading: false, priceMinor: 0, priceToBeatMinor: 1_00 })
    }
    const hidden = Object.values(amounts).map(String)
    const places = {
      database: JSON.stringify(await ledgerOf(left, auctionId)),
      ledger: JSON.stringify(await servedLedger(right, auctionId)),
      view: JSON.stringify(await right.house.read(auctionId)),
      listing: JSON.stringify(await left.house.list({ limit: 100 }))
    }
    for (const [place, text] of Object.entries(places)) {
      for (const amount of hidden) expect(text, place).not.toContain(amount)
    }

    // Each bidder can prove what he bid before anybody else knows.
    const [ann] = receipts
    const own = { bidId: 'b', bidder: ann?.seal?.bidder ?? '', quantity: 1 }
    const opening = { amountMinor: amounts.ann, nonce: ann?.seal?.nonce ?? '' }
    expect(sha256(commitmentText(auctionId, own, opening))).toBe(ann?.seal?.commitment)
    expect(places.ledger).toContain(ann?.seal?.commitment)

    const closed = await left.house.close(auctionId)
    expect(closed).toMatchObject({
      status: 'closed',
      outcome: 'sold',
      priceMinor: amounts.ann,
      leader: receipts[1]?.seal?.bidder
    })
    const laidOpen = JSON.stringify(await servedLedger(right, auctionId))
    for (const amount of hidden) expect(laidOpen).toContain(amount)
    expect(await verdictOf(right, auctionId)).toMatchObject({ verified: true, level: 'decisions', bids: 3 })
    expect(left.committed.at(-1)?.draft.document.leader).toBe('bob')
  })

  test('the last one counts, sent to whichever process; the same bid id is the same bid', async () => {
    const { auctionId } = await left.house.open(someAuction({ mode: 'sealed-first-price', reservePriceMinor: 20_00 }))
    const first = await place(left, auctionId, 'ann', 'b1', 90_00)
    expect(await place(right, auctionId, 'ann', 'b1', 90_00)).toEqual(first)
    await expect(place(right, auctionId, 'ann', 'b1', 80_00)).rejects.toMatchObject({ code: 'BID_ID_REUSED' })
    await place(right, auctionId, 'ann', 'b2', 30_00)
    await place(left, auctionId, 'bob', 'b1', 40_00)
    const later = await startProcess(mongodb)
    expect(await later.house.receipt(auctionId, 'ann', 'b1')).toEqual(first)
    expect(await later.house.close(auctionId)).toMatchObject({ outcome: 'sold', priceMinor: 40_00 })
    expect(await verdictOf(later, auctionId)).toMatchObject({ verified: true, level: 'decisions' })
    await later.close()
  })

  test('an amount, a nonce or a key other than the one that was bound is found', async () => {
    const { auctionId } = await left.house.open(someAuction({ mode: 'sealed-first-price' }))
    await place(left, auctionId, 'ann', 'b1', 90_00)
    await place(left, auctionId, 'bob', 'b1', 40_00)
    await left.house.close(auctionId)
    const entries = (await servedLedger(left, auctionId)) as { unsealed?: { amountMinor: number; nonce: string }[] }[]
    const at = entries.findIndex((entry) => entry.unsealed !== undefined)
    const [own] = entries[at]?.unsealed ?? []
    if (!own) throw new Error('Nothing is laid open')
    for (const lie of [
      { ...own, amountMinor: 90_01 },
      { ...own, nonce: '0'.repeat(32) }
    ]) {
      expect(await verifyLedger(entries.with(at, { ...entries[at], unsealed: [lie] }))).toMatchObject({
        verified: false,
        problem: { sequence: at, reason: 'the sealed bid 0 is not what it was bound to' }
      })
    }
    expect(await verifyLedger(entries.map(({ unsealed: _unsealed, ...entry }) => entry))).toMatchObject({
      verified: false
    })
  })

  test('of a cancelled auction stay sealed for good, and its ledger verifies', async () => {
    const { auctionId } = await left.house.open(someAuction({ mode: 'sealed-first-price' }))
    await place(left, auctionId, 'ann', 'b1', 81_34_56)
    expect(await right.house.cancel(auctionId, 'The item is broken', 'admin-1')).toMatchObject({
      outcome: 'cancelled',
      cancelReason: 'The item is broken',
      leader: null
    })
    const served = JSON.stringify(await servedLedger(left, auctionId))
    expect(served).not.toContain('813456')
    expect(served).not.toContain('sealKey"')
    expect(await verdictOf(left, auctionId)).toMatchObject({ verified: true, closed: true, level: 'chain' })
  })

  test('need a key that no database holds: without it none are taken, with another they cannot be read', async () => {
    const without = await startProcess(mongodb, { sealing: null })
    await expect(without.house.open(someAuction({ mode: 'sealed-first-price' }))).rejects.toMatchObject({
      code: 'SEALED_BIDS_UNAVAILABLE'
    })
    const key = Buffer.alloc(32, 1).toString('base64')
    const newer = Buffer.alloc(32, 2).toString('base64')
    const old = await startProcess(mongodb, { sealing: sealingKeysFrom(key) })
    const { auctionId } = await old.house.open(someAuction({ mode: 'sealed-first-price' }))
    await place(old, auctionId, 'ann', 'b1', 5_00)
    await expect(without.house.close(auctionId)).rejects.toThrow('SEALING_KEY')
    const other = await startProcess(mongodb, { sealing: sealingKeysFrom(newer) })
    await expect(other.house.close(auctionId)).rejects.toThrow('SEALING_KEY')
    const rotated = await startProcess(mongodb, { sealing: sealingKeysFrom(`${newer},${key}`) })
    expect(await rotated.house.close(auctionId)).toMatchObject({ outcome: 'sold', priceMinor: 5_00 })
    await Promise.all([without, old, other, rotated].map((process) => process.close()))
  })
})

describe('buy-now', () => {
  test('ends the auction at once, in one process while the other still takes bids', async () => {
    const { auctionId } = await left.house.open(someAuction({ buyNowPriceMinor: 80_00, reservePriceMinor: 50_00 }))
    await place(left, auctionId, 'ann', 'b1', 20_00)
    const all = (await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        place(index % 2 ? left : right, auctionId, `u${index}`, 'b', 80_00).catch((error: unknown) => error)
      )
    )) as { outcome?: string; code?: string }[]
    expect(all.filter((one) => one.outcome === 'accepted')).toHaveLength(1)
    expect(new Set(all.filter((one) => one.outcome !== 'accepted').map((one) => one.code))).toEqual(
      new Set(['AUCTION_CLOSED'])
    )
    // Nobody asks for the close.
    await right.house.books.drain()
    await left.house.books.drain()
    expect(await left.house.read(auctionId)).toMatchObject({ status: 'closed', outcome: 'sold', priceMinor: 80_00 })
    expect(await verdictOf(left, auctionId)).toMatchObject({ verified: true, level: 'decisions' })
  })
})

describe('an admin', () => {
  test('cancels with a reason: no sale; a close or another cancellation afterwards changes nothing', async () => {
    const { auctionId } = await left.house.open(someAuction())
    await place(left, auctionId, 'ann', 'b1', 20_00)
    const [first, second] = await Promise.all([
      left.house.cancel(auctionId, 'A mistake', 'admin-1'),
      right.house.cancel(auctionId, 'Another reason', 'admin-2')
    ])
    expect(second.hash).toBe(first.hash)
    expect(await right.house.close(auctionId)).toMatchObject({ outcome: 'cancelled', hash: first.hash })
    await expect(place(left, auctionId, 'bob', 'b1', 90_00)).rejects.toMatchObject({ code: 'AUCTION_CANCELLED' })
    await expect(left.house.extend(auctionId, Date.now() + 900_000, 'admin-1')).rejects.toMatchObject({
      code: 'AUCTION_CLOSED'
    })
    expect(await verdictOf(left, auctionId)).toMatchObject({ verified: true, closed: true, level: 'decisions' })
  })

  test('cannot cancel what is sold', async () => {
    const { auctionId } = await left.house.open(someAuction())
    await place(left, auctionId, 'ann', 'b1', 20_00)
    await left.house.close(auctionId)
    await expect(right.house.cancel(auctionId, 'Too late', 'admin-1')).rejects.toMatchObject({ code: 'AUCTION_CLOSED' })
  })

  test('extends the end, however often he asks and whichever process he asks; earlier is refused', async () => {
    const command = someAuction()
    const { auctionId } = await left.house.open(command)
    await place(right, auctionId, 'ann', 'b1', 20_00)
    const endsAt = command.endsAt + 60_000
    const [first, second] = await Promise.all([
      left.house.extend(auctionId, endsAt, 'admin-1'),
      right.house.extend(auctionId, endsAt, 'admin-1')
    ])
    expect([first.endsAt, second.endsAt]).toEqual([endsAt, endsAt])
    await expect(left.house.extend(auctionId, endsAt - 1, 'admin-1')).rejects.toMatchObject({
      code: 'AUCTION_END_NOT_LATER'
    })
    expect((await ledgerOf(left, auctionId)).filter(({ text }) => text.includes('extension'))).toHaveLength(1)
    await left.house.close(auctionId)
    expect(await verdictOf(right, auctionId)).toMatchObject({ verified: true, level: 'decisions' })
    const forged = (await servedLedger(left, auctionId)).filter((entry) => !('extension' in (entry as object)))
    expect(await verifyLedger(forged)).toMatchObject({ verified: false })
  })
})

describe('a flash sale', () => {
  test('before its start nothing is sold; sold out, the rest is refused without a word in the ledger', async () => {
    let now = Date.now()
    const [early, other] = await Promise.all([
      startProcess(mongodb, { clock: () => now }),
      startProcess(mongodb, { clock: () => now })
    ])
    const { auctionId } = await early.house.open(
      someAuction({ mode: 'fixed-price', quantity: 3, quantityPerBuyer: 1, startsAt: now + 1000 })
    )
    expect(await place(other, auctionId, 'ann', 'b0', 1_00)).toMatchObject({ code: 'AUCTION_NOT_OPEN' })
    now += 1000
    const first = await place(early, auctionId, 'ann', 'b1', 1_00)
    expect(first).toMatchObject({ outcome: 'accepted', orderNumber: `${auctionId}.1` })
    await place(other, auctionId, 'bob', 'b1', 1_00)
    await place(early, auctionId, 'cid', 'b1', 1_00)
    const { length } = await ledgerOf(early, auctionId)
    for (let index = 0; index < 20; index += 1) {
      await expect(place(early, auctionId, `late-${index}`, 'b1', 1_00)).rejects.toMatchObject({ code: 'SOLD_OUT' })
    }
    expect(await ledgerOf(early, auctionId)).toHaveLength(length)
    // One who bought before and asks again still learns of his sale, also from a process that remembers nothing.
    const later = await startProcess(mongodb)
    expect(await place(later, auctionId, 'ann', 'b1', 1_00)).toEqual(first)
    await early.house.close(auctionId)
    await expect(place(later, auctionId, 'dan', 'b1', 1_00)).rejects.toMatchObject({ code: 'SOLD_OUT' })
    expect(await verdictOf(later, auctionId)).toMatchObject({ verified: true })
    await Promise.all([early, other, later].map((process) => process.close()))
  })
})
