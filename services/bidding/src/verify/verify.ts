import type { Standing, Terms } from '../domain/auction.ts'
import { isSealed, standingAtOpening } from '../domain/auction.ts'
import { cancel, close, decide, extend } from '../domain/decide.ts'
import { SealedBids } from '../domain/sealed.ts'
import { canonicalize } from '../ledger/canonical.ts'
import type { PublicBid, PublicEntry, Secrets, ServedEntry, Unsealed } from '../ledger/form.ts'
import { commitmentText, NO_HASH, publicBid, publicClosing, publicStanding } from '../ledger/form.ts'
import { termsOf } from '../ledger/read.ts'

/**
 * Verifies an auction's ledger from its public form alone, in Node or in a browser. Three things, each stronger:
 * the chain (nothing was dropped, reordered, inserted or changed), the commitments (what was secret is what was used,
 * each sealed bid by itself), and every decision made again by the same rules (nobody was refused or let in against them).
 */
export interface Verdict {
  verified: boolean
  entries: number
  bids: number
  /** Whether the chain has its end: without it, later entries may exist. */
  closed: boolean
  /** `decisions` once the auction is closed and laid open; `chain` before, and of sealed bids that a cancelled auction leaves sealed. */
  level: 'chain' | 'decisions'
  head: { sequence: number; hash: string } | null
  /** The first thing that is wrong. */
  problem?: { sequence: number; reason: string }
}

const encoder = new TextEncoder()

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export async function verifyLedger(entries: Iterable<unknown> | AsyncIterable<unknown>): Promise<Verdict> {
  const verifier = new LedgerVerifier()
  for await (const entry of entries) {
    if (!(await verifier.add(entry))) break
  }
  return verifier.verdict()
}

/** Takes the entries one by one, so that a long ledger needs no more memory than its longest entry. */
export class LedgerVerifier {
  #entries = 0
  #bids = 0
  #at = 0
  #head: { sequence: number; hash: string } | null = null
  #auctionId = ''
  #closed = false
  #opened = false
  /** The sealed bids of a cancelled auction decide nothing and are never laid open. */
  #staysSealed = false
  #sealKeyHash: string | undefined
  readonly #sealed = new SealedBids()
  #terms: Terms | undefined
  #standing: Standing | undefined
  readonly #purchases = new Map<string, number>()
  #problem: Verdict['problem']

  /** False from the first entry on that does not verify. */
  async add(entry: unknown): Promise<boolean> {
    if (this.#problem) return false
    const reason = await this.#check(entry).catch((error: unknown) => `it cannot be read (${(error as Error).message})`)
    if (reason !== undefined) this.#problem = { sequence: this.#entries, reason }
    else this.#entries += 1
    return reason === undefined
  }

  verdict(): Verdict {
    let problem = this.#problem
    if (!problem && this.#entries === 0) problem = { sequence: 0, reason: 'there is no entry' }
    if (!problem && this.#closed && !this.#opened && !this.#staysSealed)
      problem = { sequence: 0, reason: 'the ledger is closed but its secrets are not laid open' }
    return {
      verified: problem === undefined,
      entries: this.#entries,
      bids: this.#bids,
      closed: this.#closed,
      level: this.#opened ? 'decisions' : 'chain',
      head: this.#head,
      ...(problem && { problem })
    }
  }

  async #check(entry: unknown): Promise<string | undefined> {
    if (typeof entry !== 'object' || entry === null) return 'it is no entry'
    const { hash, opening, unsealed, ...shown } = entry as ServedEntry
    return (
      (await this.#checkChain(shown, hash)) ??
      (await this.#checkSeals(shown, unsealed, opening !== undefined)) ??
      (await this.#checkOpening(shown, opening, unsealed))
    )
  }

  async #checkChain(entry: PublicEntry, hash: string): Promise<string | undefined> {
    const isFirst = this.#entries === 0
    if ((await sha256(canonicalize(entry))) !== hash) return 'its hash is not the hash of what it says'
    if (entry.sequence !== this.#entries) return `it has the sequence number ${entry.sequence}`
    if (entry.prevHash !== (this.#head?.hash ?? NO_HASH)) return 'it does not follow the entry before it'
    if (isFirst !== (entry.terms !== undefined)) return isFirst ? 'it has no terms' : 'it changes the terms'
    if (!isFirst && entry.auctionId !== this.#auctionId) return 'it belongs to another auction'
    if (this.#closed) return 'it was appended after the close'
    if (entry.at < this.#at) return 'it is older than the entry before it'
    this.#auctionId = entry.auctionId
    this.#at = entry.at
    this.#head = { sequence: entry.sequence, hash }
    this.#closed = entry.standing.closed
    this.#bids += entry.bids?.length ?? 0
    return undefined
  }

  /** Each sealed bid against its own commitment, and the key of them all against the hash that the first entry has of it. */
  async #checkSeals(
    entry: PublicEntry,
    unsealed: Unsealed[] | undefined,
    isOpened: boolean
  ): Promise<string | undefined> {
    if (entry.terms && isSealed(entry.terms.mode)) {
      this.#sealKeyHash = entry.terms.sealKeyHash
      if (this.#sealKeyHash === undefined) return 'its bids are sealed with no key'
    }
    const shown = entry.bids ?? []
    if (this.#sealKeyHash === undefined)
      return unsealed || shown.some((bid) => bid.commitment !== undefined)
        ? 'it seals bids that are not sealed'
        : undefined
    if (shown.some((bid) => bid.commitment === undefined)) return 'it holds a bid that is not sealed'
    if (entry.closing) {
      const { outcome, sealKey } = entry.closing
      this.#staysSealed = outcome === 'cancelled'
      const isRight = this.#staysSealed ? sealKey === undefined : (await sha256(sealKey ?? '')) === this.#sealKeyHash
      if (!isRight) return 'the key it lays open is not the key of the seals'
    }
    if (!isOpened) return unsealed ? 'it lays open sealed bids and nothing else' : undefined
    if ((unsealed?.length ?? 0) !== shown.length) return 'it lays open another number of sealed bids than it holds'
    for (const [index, bid] of shown.entries()) {
      const own = unsealed?.[index]
      if (!own || (await sha256(commitmentText(entry.auctionId, bid, own))) !== bid.commitment)
        return `the sealed bid ${index} is not what it was bound to`
    }
    return undefined
  }

  async #checkOpening(
    entry: PublicEntry,
    opening: Secrets | undefined,
    unsealed: Unsealed[] | undefined
  ): Promise<string | undefined> {
    const isFirst = this.#entries === 0
    if (isFirst) this.#opened = opening !== undefined
    if ((opening !== undefined) !== this.#opened) return 'some entries are laid open and some are not'
    if (!opening) return undefined
    if ((await sha256(canonicalize(opening))) !== entry.commitment)
      return 'what is laid open is not what it was bound to'
    if (isFirst && entry.terms) {
      this.#terms = termsOf(entry.auctionId, entry.terms, opening.reservePriceMinor)
      this.#standing = standingAtOpening(this.#terms)
    }
    if (opening.reservePriceMinor !== this.#terms?.reservePriceMinor) return 'the reserve has changed'
    const amountsMinor = unsealed?.map((own) => own.amountMinor) ?? opening.amountsMinor
    return this.#decideAgain(entry, opening, amountsMinor)
  }

  #decideAgain(entry: PublicEntry, opening: Secrets, amountsMinor: readonly number[]): string | undefined {
    const terms = this.#terms
    let standing = this.#standing
    if (!terms || !standing) return 'it cannot be decided without the first entry'
    const shown = entry.bids ?? []
    if (amountsMinor.length !== shown.length) return 'it lays open another number of bids than it holds'
    if (shown.length > 0) {
      const bids = shown.map(({ bidId, bidder, quantity }, index) => ({
        bidId,
        bidder,
        quantity,
        amountMinor: amountsMinor[index] ?? 0
      }))
      const decision = decide(terms, standing, bids, entry.at, (bidder) => this.#purchases.get(bidder) ?? 0)
      standing = decision.standing
      const { endsAt } = standing
      const again = bids.map((bid, index): PublicBid | undefined => {
        const outcome = decision.outcomes[index]
        if (outcome?.code === null) {
          this.#purchases.set(bid.bidder, (this.#purchases.get(bid.bidder) ?? 0) + bid.quantity)
          if (this.#sealKeyHash !== undefined) this.#sealed.add(bid.bidder, bid.amountMinor)
        }
        return outcome && publicBid(bid, bid.bidder, outcome, endsAt, shown[index]?.commitment)
      })
      const wrong = again.findIndex((bid, index) => canonicalize(bid) !== canonicalize(shown[index]))
      if (wrong >= 0) return `bid ${wrong} was not decided by the rules`
    }
    if (entry.extension) {
      const extended = extend(standing, entry.extension.endsAt, entry.at)
      if (typeof extended === 'string') return 'it was not extended by the rules'
      standing = extended
    }
    if (entry.closing) {
      const { outcome, reason, sealKey } = entry.closing
      // Whether to cancel is an admin's to say; what follows from it is not.
      const closing =
        outcome === 'cancelled' ? cancel(standing, entry.at) : close(terms, standing, entry.at, this.#sealed)
      standing = closing.standing
      if (canonicalize(publicClosing(closing, closing.winner, { reason, sealKey })) !== canonicalize(entry.closing))
        return 'it was not closed by the rules'
    }
    this.#standing = standing
    const isSame =
      canonicalize(publicStanding(terms, standing, standing.leader)) === canonicalize(entry.standing) &&
      standing.maximumMinor === opening.maximumMinor &&
      standing.secondMinor === opening.secondMinor
    return isSame ? undefined : 'the standing does not follow from the bids'
  }
}
