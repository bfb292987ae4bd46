import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AuctionMode, Terms } from './domain/auction.ts'
import { someTerms } from './domain/sample.ts'
import { amountsOf } from './ledger/read.ts'
import { verifyLedger } from './verify/verify.ts'
import { PlainAuction } from '../test/plain-auction.ts'
import {
  keyOfBid,
  openLedger,
  servedEntries,
  SimulatedProcess,
  type SimulatedBid,
  type SimulatedLedger
} from '../test/simulated-process.ts'

/**
 * Histories: random commands with times, at two processes whose clocks differ and whose memory may be old, each bid possibly
 * sent again and to the other process. Whatever the schedule, the ledger that comes of it must be what the plain rules make of
 * the same bids in the same order, hold each bid once, and verify.
 */
type Step =
  | { do: 'bid'; at: 0 | 1; bid: SimulatedBid }
  | { do: 'step'; at: 0 | 1 }
  | { do: 'pass'; ms: number }
  | { do: 'close' | 'cancel'; at: 0 | 1 }
  | { do: 'extend'; at: 0 | 1; ms: number }

const either = fc.constantFrom<(0 | 1)[]>(0, 1)

/** An id stands for one bid: the same id again is the same bid sent again. */
const amounts = [50, 90, 1_00, 1_10, 1_25, 2_00, 2_00, 3_50, 5_00, 5_00, 7_50, 9_99, 10_00, 12_00, 15_00, 20_00]
const someBid = fc
  .record({
    bidder: fc.constantFrom('a', 'b', 'c'),
    number: fc.nat(amounts.length - 1),
    quantity: fc.integer({ min: 1, max: 3 })
  })
  .map(({ bidder, number, quantity }): SimulatedBid => {
    // Derived from the id, so that a repeat is the same.
    const amountMinor = amounts[(number * 7 + bidder.charCodeAt(0)) % amounts.length] ?? 1_00
    return { bidder, bidId: `b${number}-${quantity}`, amountMinor, quantity }
  })

const someStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('bid' as const), at: either, bid: someBid }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('step' as const), at: either }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 90 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'cancel' as const), at: either }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('extend' as const), at: either, ms: fc.integer({ min: 1, max: 80 }) })
  }
)

const someHistory = (mode: AuctionMode) =>
  fc.record({
    terms: fc
      .record({
        reservePriceMinor: fc.option(fc.constantFrom(1_00, 5_00, 14_00)),
        buyNowPriceMinor: fc.option(fc.constantFrom(15_00, 20_00)),
        quantity: fc.integer({ min: 1, max: 6 }),
        quantityPerBuyer: fc.option(fc.integer({ min: 1, max: 4 })),
        antiSnipingWindowMs: fc.constantFrom(0, 60)
      })
      .map((changes) => termsOf(mode, changes)),
    skewMs: fc.integer({ min: 0, max: 40 }),
    steps: fc.array(someStep, { maxLength: 60 })
  })

function termsOf(mode: AuctionMode, changes: Partial<Terms>): Terms {
  const {
    reservePriceMinor = null,
    buyNowPriceMinor = null,
    quantity = 1,
    quantityPerBuyer = null,
    antiSnipingWindowMs = 0
  } = changes
  const common = someTerms({ mode, startsAt: 40, endsAt: 400 })
  if (mode === 'fixed-price') return { ...common, quantity, quantityPerBuyer }
  if (mode !== 'english') return { ...common, reservePriceMinor }
  return { ...common, reservePriceMinor, buyNowPriceMinor, antiSnipingWindowMs }
}

function run(
  terms: Terms,
  skewMs: number,
  steps: Step[]
): { ledger: SimulatedLedger; asked: Map<string, SimulatedBid> } {
  const ledger = openLedger(terms)
  const processes = [new SimulatedProcess(ledger, 0), new SimulatedProcess(ledger, skewMs)] as const
  const asked = new Map<string, SimulatedBid>()
  let now = 0
  for (const step of steps) {
    if (step.do === 'pass') {
      now += step.ms
      continue
    }
    const process = processes[step.at]
    if (step.do === 'bid') {
      const lot = terms.mode === 'fixed-price' ? step.bid : { ...step.bid, quantity: terms.quantity }
      asked.set(keyOfBid(lot), lot)
      process.place(lot)
    } else if (step.do === 'step') process.step(now)
    else if (step.do === 'extend') process.extend(step.ms, now)
    else process[step.do](now)
  }
  for (const process of processes) while (process.isBusy) process.step(now)
  for (const process of processes) {
    while (!process.isClosed) {
      process.close(now + 10_000)
      process.step(now + 10_000)
    }
  }
  return { ledger, asked }
}

/** Plays the ledger's own order on the plain rules. */
function replay({ terms, entries, seal }: SimulatedLedger, asked: Map<string, SimulatedBid>): PlainAuction {
  const plain = new PlainAuction(terms)
  for (const { document, entry } of entries) {
    expect(plain.end).toBeUndefined()
    const amountsMinor = amountsOf(document, seal)
    entry.bids?.forEach((row, index) => {
      const bid = asked.get(document.keys?.[index] ?? '')
      if (!bid) throw new Error('A bid that nobody sent')
      expect(amountsMinor[index]).toBe(bid.amountMinor)
      expect(plain.bid(bid, entry.at)).toBe(row.code ?? null)
    })
    if (entry.extension) plain.extend(entry.extension.endsAt)
    if (entry.closing?.outcome === 'cancelled') plain.cancel()
    else if (entry.closing) plain.close()
    if (!entry.closing) expect(entry.standing.endsAt).toBe(plain.endsAt)
    const isHidden = seal !== null && !entry.closing
    if (entry.bids || entry.closing)
      expect(entry.standing.priceMinor).toBe(isHidden ? 0 : (plain.end?.priceMinor ?? plain.priceMinor))
  }
  return plain
}

test.each<AuctionMode>(['english', 'fixed-price', 'sealed-first-price', 'sealed-second-price'])(
  'whatever the schedule, a %s history is what the plain rules make of it',
  async (mode) => {
    await fc.assert(
      fc.asyncProperty(someHistory(mode), async ({ terms, skewMs, steps }) => {
        const { ledger, asked } = run(terms, skewMs, steps)
        const keys = ledger.entries.flatMap(({ document }) => document.keys ?? [])
        expect(new Set(keys).size).toBe(keys.length)
        const plain = replay(ledger, asked)
        const { closing } = ledger.entries.at(-1)!.entry
        const winner = closing?.winner ?? null
        expect({ outcome: closing?.outcome, winner, priceMinor: closing?.priceMinor }).toEqual({
          ...plain.end,
          winner: plain.end?.winner ? `of-${plain.end.winner}` : null
        })
        const sold = ledger.entries.flatMap(({ entry }) => entry.bids ?? []).filter((row) => row.sale !== undefined)
        expect(sold.map((row) => row.sale)).toEqual(sold.map((_, index) => index + 1))
        const isSealedForGood = ledger.seal !== null && closing?.outcome === 'cancelled'
        expect(await verifyLedger(servedEntries(ledger))).toMatchObject({
          verified: true,
          closed: true,
          level: isSealedForGood ? 'chain' : 'decisions',
          bids: keys.length
        })
      }),
      { numRuns: 750 }
    )
  }
)
