import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { standingAtOpening } from '../domain/auction.ts'
import { decide } from '../domain/decide.ts'
import { someTerms } from '../domain/sample.ts'
import { draftBids, draftClose, draftOpening, type Draft } from '../ledger/entry.ts'
import { describe as describeVerdict } from './main.ts'
import { verifyLedger } from './verify.ts'

const served = ({ entry, document, secrets }: Draft, isOpened = true) => ({
  ...entry,
  hash: document.hash,
  ...(isOpened && { opening: secrets })
})
const tailOf = ({ entry, document }: Draft) => ({ sequence: entry.sequence, hash: document.hash, at: entry.at })

function someLedger() {
  const terms = someTerms({ reservePriceMinor: 3_00 })
  const pseudonyms = (userId: string) => `of-${userId}`
  const opening = draftOpening(terms, 1, 'bidder-key')
  const bids = [
    { bidder: 'ann', bidId: 'b1', amountMinor: 2_00, quantity: 1 },
    { bidder: 'bob', bidId: 'b2', amountMinor: 9_00, quantity: 1 },
    { bidder: 'cid', bidId: 'b3', amountMinor: 1_00, quantity: 1 }
  ]
  const decision = decide(terms, standingAtOpening(terms), bids, 2, () => 0)
  const decided = draftBids(terms, tailOf(opening), 2, bids, ['ann:b1', 'bob:b2', 'cid:b3'], decision, pseudonyms)
  const closed = draftClose(terms, tailOf(decided), 3, decision.standing, pseudonyms)
  return { opening, decided, closed }
}

describe('the verifier', () => {
  test('tells a whole ledger from one that is still open', async () => {
    const { opening, decided, closed } = someLedger()
    const whole = await verifyLedger([served(opening), served(decided), served(closed)])
    expect(whole).toMatchObject({ verified: true, entries: 3, bids: 3, closed: true, level: 'decisions' })
    expect(describeVerdict(whole)).toMatch(/^VERIFIED: 3 entries with 3 bids, closed/)
    const open = await verifyLedger([served(opening, false), served(decided, false)])
    expect(open).toMatchObject({ verified: true, closed: false, level: 'chain' })
    expect(describeVerdict(open)).toContain('still open')
  })

  test('a decision against the rules is found, though its hashes are made anew', async () => {
    const { opening, decided, closed } = someLedger()
    // The house lets a friend’s bid below the price in: entry, hash and chain are consistent, the rules are not.
    const terms = someTerms({ reservePriceMinor: 3_00 })
    const bids = [{ bidder: 'ann', bidId: 'b1', amountMinor: 2_00, quantity: 1 }]
    const decision = decide(terms, standingAtOpening(terms), bids, 2, () => 0)
    const forged = draftBids(
      terms,
      tailOf(opening),
      2,
      bids,
      ['ann:b1'],
      { ...decision, standing: { ...decision.standing, priceMinor: 1_50 } },
      (userId) => userId
    )
    expect(await verifyLedger([served(opening), served(forged)])).toMatchObject({
      verified: false,
      problem: { sequence: 1, reason: 'the standing does not follow from the bids' }
    })
    expect(await verifyLedger([served(opening), served(decided), served(closed), served(closed)])).toMatchObject({
      verified: false
    })
  })

  test('another maximum than the one that was bound is found', async () => {
    const { opening, decided, closed } = someLedger()
    const lied = { ...served(decided), opening: { ...decided.secrets, amountsMinor: [2_00, 9_01, 1_00] } }
    expect(await verifyLedger([served(opening), lied, served(closed)])).toMatchObject({
      problem: { sequence: 1, reason: 'what is laid open is not what it was bound to' }
    })
  })

  test.each([
    ['nothing', []],
    ['no entry', [null]],
    ['text', ['entry']],
    ['an empty entry', [{}]],
    ['an entry without a standing', [{ hash: 'x', sequence: 0 }]]
  ])('%s does not verify', async (_name, entries) => {
    const verdict = await verifyLedger(entries)
    expect(verdict.verified).toBe(false)
    expect(describeVerdict(verdict)).toMatch(/^BROKEN at entry 0/)
  })

  test('needs nothing but the language and WebCrypto, so that a page can run it', () => {
    const seen = new Set<string>()
    const visit = (url: URL): void => {
      if (seen.has(url.href)) return
      seen.add(url.href)
      for (const [, name] of readFileSync(url, 'utf8').matchAll(/^(?:import|export) (?!type )[^']*from '([^']+)'/gm)) {
        expect(name).toMatch(/^\.\.?\//)
        visit(new URL(name ?? '', url))
      }
    }
    visit(new URL('verify.ts', import.meta.url))
    expect(seen.size).toBeGreaterThan(5)
  })
})
