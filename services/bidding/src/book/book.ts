import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import type { Auction, BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { Fault, Refusal } from '@gavel/platform/errors.ts'
import type { Decision, Standing, Terms } from '../domain/auction.ts'
import { decide } from '../domain/decide.ts'
import {
  draftBids,
  draftClose,
  keyOf,
  userOfKey,
  type Draft,
  type LedgerDocument,
  type Pseudonyms,
  type Tail
} from '../ledger/entry.ts'
import { entryOf, secretsOf, standingOf, termsOf } from '../ledger/read.ts'
import { receiptOf } from '../ledger/receipt.ts'
import type { PublicEntry } from '../ledger/form.ts'
import type { Ledger } from '../store/ledger.ts'
import { rememberedPseudonyms } from './pseudonyms.ts'
import type { RecentBids } from './recent-bids.ts'
import { auctionView } from './view.ts'

export interface BookLimits {
  /** An entry holds no more bids and no more bytes than this; the rest wait for the next. */
  entryBidsMax: number
  entryBytesMax: number
  /** Bids that may wait for one auction; more are answered 503. */
  waitingMax: number
}

/** What happens to an entry once it is durable: the listing and the publisher learn of it. */
export interface Committed {
  terms: Terms
  draft: Draft
  view: Auction
}

export interface BookMeasures {
  committed: (bids: number, waitMs: number) => void
  conflict: (kind: 'taken' | 'repeated') => void
}

export interface BookParts {
  ledger: Ledger
  recent: RecentBids
  clock: () => number
  limits: BookLimits
  measures: BookMeasures
  onCommitted: (committed: Committed) => void
}

export interface BidCommand {
  userId: string
  bidId: string
  amountMinor: number
  quantity: number
}

interface Waiting extends BidCommand {
  bidder: string
  key: string
  promise: Promise<BidReceipt>
  resolve: (receipt: BidReceipt) => void
  reject: (reason: unknown) => void
}

interface Closer {
  resolve: (view: Auction) => void
  reject: (reason: unknown) => void
}

/** About what one bid adds to an entry besides its ids: the fixed words of its JSON form and its numbers. */
const BID_BYTES = 160
const DECISION_ATTEMPTS_MAX = 200

/**
 * One auction in this process: group commit. Bids that arrive while an entry is being written wait together and make
 * the next one. Whatever is remembered here is a guess that the ledger confirms: an entry whose sequence number
 * another process took is decided again on what that process appended.
 */
export class Book {
  readonly terms: Terms
  readonly #parts: BookParts
  readonly #pseudonyms: Pseudonyms
  #standing: Standing
  #tail: Tail
  /** Pieces by buyer, kept only where the terms limit them; bounded by the quantity for sale. */
  readonly #purchases: Map<string, number> | null
  #waiting: Waiting[] = []
  readonly #undecided = new Map<string, Waiting>()
  #closers: Closer[] = []
  #closeNow = false
  /** How many of the waiting bids came before the close was called for: those are decided first, a later crowd cannot put it off. */
  #beforeClose: number | undefined
  #running = false
  /** For the registry's eviction. */
  used = true

  constructor(parts: BookParts, first: LedgerDocument, last: LedgerDocument, purchases: Map<string, number> | null) {
    const opening = entryOf(first)
    if (!opening.terms || first.bidderKey === undefined)
      throw new Error(`Entry 0 of ${first._id.auctionId} holds no terms`)
    this.#parts = parts
    this.terms = termsOf(first._id.auctionId, opening.terms, secretsOf(first).reservePriceMinor)
    this.#pseudonyms = rememberedPseudonyms(first.bidderKey)
    const entry = entryOf(last)
    this.#standing = standingOf(entry.standing, last.leader, secretsOf(last))
    this.#tail = { sequence: last._id.seq, hash: last.hash, at: entry.at }
    this.#purchases = purchases
  }

  get auctionId(): string {
    return this.terms.auctionId
  }

  get idle(): boolean {
    return !this.#running && this.#undecided.size === 0 && this.#closers.length === 0
  }

  get closed(): boolean {
    return this.#standing.closed
  }

  /** A receipt for an accepted or a refused bid, once its entry is durable. A repeat gets the first one's. */
  place(command: BidCommand): Promise<BidReceipt> {
    const key = keyOf(command.userId, command.bidId)
    const decided = this.#parts.recent.find(this.auctionId, key)
    if (decided) {
      return sameBid(decided, command) ? Promise.resolve(decided.receipt) : Promise.reject(new Refusal('BID_ID_REUSED'))
    }
    const undecided = this.#undecided.get(key)
    if (undecided) return sameBid(undecided, command) ? undecided.promise : Promise.reject(new Refusal('BID_ID_REUSED'))
    if (this.#undecided.size >= this.#parts.limits.waitingMax) {
      return Promise.reject(
        new Refusal('UNAVAILABLE', { detail: 'Too many bids wait for this auction', retryAfterMs: 1000 })
      )
    }
    const { promise, resolve, reject } = Promise.withResolvers<BidReceipt>()
    const waiting: Waiting = { ...command, bidder: command.userId, key, promise, resolve, reject }
    this.#undecided.set(key, waiting)
    this.#waiting.push(waiting)
    this.#start()
    return promise
  }

  /** Closes now. Bids that came before are decided first. */
  close(): Promise<Auction> {
    this.#closeNow = true
    return this.closeWhenDue()
  }

  /** Closes if the end has come by the ledger, whatever the caller believes. */
  closeWhenDue(): Promise<Auction> {
    const { promise, resolve, reject } = Promise.withResolvers<Auction>()
    this.#closers.push({ resolve, reject })
    this.#start()
    return promise
  }

  view(): Auction {
    const leader = this.#standing.leader === null ? null : this.#pseudonyms(this.#standing.leader)
    return auctionView(this.terms, this.#standing, leader, this.#tail, this.#parts.clock())
  }

  #start(): void {
    if (this.#running) return
    this.#running = true
    void this.#run()
  }

  async #run(): Promise<void> {
    try {
      // The requests that came in the same turn of the event loop join the first entry.
      await turn()
      while (this.#waiting.length > 0 || this.#closers.length > 0) {
        if (this.#standing.closed) await this.#answerClosed()
        else await this.#write()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#running = false
    }
  }

  async #write(): Promise<void> {
    const closing = this.#closeNow || this.#now() >= this.#standing.endsAt
    if (closing) this.#beforeClose ??= this.#waiting.length
    else this.#beforeClose = undefined
    if (this.#waiting.length > 0 && (this.#beforeClose === undefined || this.#beforeClose > 0)) {
      const batch = this.#takeBatch()
      if (this.#beforeClose !== undefined) this.#beforeClose -= batch.length
      await this.#writeBids(batch)
    } else if (closing) {
      await this.#writeClose()
    } else {
      // The end was moved on since the scheduler looked.
      for (const closer of this.#closers.splice(0)) closer.resolve(this.view())
    }
  }

  /** Time never runs backwards in an auction, whatever the clocks of two processes say. */
  #now(): number {
    return Math.max(this.#parts.clock(), this.#tail.at)
  }

  #takeBatch(): Waiting[] {
    const { entryBidsMax, entryBytesMax } = this.#parts.limits
    const { length } = this.#waiting
    let taken = 0
    let bytes = 0
    for (; taken < length && taken < entryBidsMax; taken += 1) {
      const waiting = this.#waiting[taken]
      bytes += BID_BYTES + (waiting ? waiting.key.length + waiting.bidId.length : 0)
      if (bytes > entryBytesMax && taken > 0) break
    }
    if (taken === length) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    return this.#waiting.splice(0, taken)
  }

  async #writeBids(batch: Waiting[]): Promise<void> {
    let bids = batch
    try {
      for (let attempt = 0; bids.length > 0; attempt += 1) {
        if (attempt > DECISION_ATTEMPTS_MAX) throw new Fault('Other processes append to this auction all the time')
        if (this.#standing.closed) {
          // Another process closed it in between.
          await this.#answerLate(bids)
          return
        }
        const at = this.#now()
        const decision = decide(this.terms, this.#standing, bids, at, (bidder) => this.#purchases?.get(bidder) ?? 0)
        const draft = draftBids(
          this.terms,
          this.#tail,
          at,
          bids,
          bids.map((bid) => bid.key),
          decision,
          this.#pseudonyms
        )
        const startedAt = performance.now()
        const appended = await this.#parts.ledger.append(draft.document)
        if (appended === 'appended') {
          this.#parts.measures.committed(bids.length, performance.now() - startedAt)
          this.#committed(draft, decision, bids)
          return
        }
        this.#parts.measures.conflict(appended)
        await this.#catchUp()
        if (appended === 'repeated') {
          const rest = await this.#answerRepeated(bids)
          // An entry that holds one of them has no majority yet.
          if (rest.length === bids.length) await pause(Math.min(5 * (attempt + 1), 100))
          bids = rest
        }
      }
    } catch (error) {
      for (const bid of bids) this.#settle(bid, undefined, error)
      throw error
    }
  }

  #committed(draft: Draft, decision: Decision, bids: Waiting[]): void {
    const { entry, document } = draft
    this.#advance(entry, document.hash, decision.standing)
    for (let index = 0; index < bids.length; index += 1) {
      const bid = bids[index]
      if (!bid) continue
      if (this.#purchases && decision.outcomes[index]?.code === null) this.#bought(bid.bidder, bid.quantity)
      this.#settle(bid, receiptOf(this.terms, entry, document.hash, index))
    }
    this.#parts.onCommitted({ terms: this.terms, draft, view: this.view() })
  }

  #advance(entry: PublicEntry, hash: string, standing: Standing): void {
    this.#standing = standing
    this.#tail = { sequence: entry.sequence, hash, at: entry.at }
  }

  #bought(userId: string, quantity: number): void {
    this.#purchases?.set(userId, (this.#purchases.get(userId) ?? 0) + quantity)
  }

  #settle(bid: Waiting, receipt: BidReceipt | undefined, reason?: unknown): void {
    this.#undecided.delete(bid.key)
    if (receipt) {
      this.#parts.recent.keep(this.auctionId, bid.key, {
        receipt,
        amountMinor: bid.amountMinor,
        quantity: bid.quantity
      })
      bid.resolve(receipt)
    } else {
      bid.reject(reason)
    }
  }

  /** Bids that are in the ledger already get their first receipts. Returns the others. */
  async #answerRepeated(bids: Waiting[]): Promise<Waiting[]> {
    const holding = await this.#parts.ledger.holding(
      this.auctionId,
      bids.map((bid) => bid.key)
    )
    const decided = decidedIn(this.terms, holding)
    return bids.filter((bid) => {
      const before = decided.get(bid.key)
      if (!before) return true
      if (sameBid(before, bid)) this.#settle(bid, before.receipt)
      else this.#settle(bid, undefined, new Refusal('BID_ID_REUSED'))
      return false
    })
  }

  async #writeClose(): Promise<void> {
    const draft = draftClose(this.terms, this.#tail, this.#now(), this.#standing, this.#pseudonyms)
    const appended = await this.#parts.ledger.append(draft.document)
    if (appended !== 'appended') {
      // The other process may have closed it, or moved its end on: the loop looks again.
      this.#parts.measures.conflict(appended)
      await this.#catchUp()
      return
    }
    this.#advance(draft.entry, draft.document.hash, draft.closing.standing)
    this.#parts.onCommitted({ terms: this.terms, draft, view: this.view() })
  }

  /** A bid that comes after the close is refused; one that was decided before it and is sent again still gets its receipt. */
  async #answerClosed(): Promise<void> {
    const bids = this.#waiting
    this.#waiting = []
    for (const closer of this.#closers.splice(0)) closer.resolve(this.view())
    await this.#answerLate(bids)
  }

  async #answerLate(bids: Waiting[]): Promise<void> {
    if (bids.length === 0) return
    try {
      for (const bid of await this.#answerRepeated(bids)) this.#settle(bid, undefined, new Refusal('AUCTION_CLOSED'))
    } catch (error) {
      for (const bid of bids) this.#settle(bid, undefined, error)
    }
  }

  /** Moves on to the ledger's newest entry. */
  async #catchUp(): Promise<void> {
    if (this.#purchases) {
      for await (const document of this.#parts.ledger.all(this.auctionId, this.#tail.sequence + 1)) {
        foldPurchases(document, (userId, quantity) => this.#bought(userId, quantity))
        this.#advanceTo(document)
      }
      return
    }
    const last = await this.#parts.ledger.last(this.auctionId)
    if (last && last._id.seq > this.#tail.sequence) this.#advanceTo(last)
  }

  #advanceTo(document: LedgerDocument): void {
    const entry = entryOf(document)
    this.#advance(entry, document.hash, standingOf(entry.standing, document.leader, secretsOf(document)))
  }

  /**
   * The ledger could not be reached: everybody who waits is told. What is remembered here stays a guess that the next
   * entry's insert confirms, so nothing needs to be thrown away.
   */
  #fail(error: unknown): void {
    for (const bid of this.#waiting.splice(0)) this.#settle(bid, undefined, error)
    for (const closer of this.#closers.splice(0)) closer.reject(error)
  }
}

const sameBid = (
  left: { amountMinor: number; quantity: number },
  right: { amountMinor: number; quantity: number }
): boolean => left.amountMinor === right.amountMinor && left.quantity === right.quantity

/** What each buyer took in one entry. */
export function foldPurchases(document: LedgerDocument, bought: (userId: string, quantity: number) => void): void {
  if (!document.keys) return
  const { bids } = entryOf(document)
  bids?.forEach((bid, index) => {
    const key = document.keys?.[index]
    if (bid.code === undefined && key !== undefined) bought(userOfKey(key), bid.quantity)
  })
}

/** The bids of stored entries by their keys. */
export function decidedIn(
  terms: Terms,
  documents: LedgerDocument[]
): Map<string, { receipt: BidReceipt; amountMinor: number; quantity: number }> {
  const decided = new Map<string, { receipt: BidReceipt; amountMinor: number; quantity: number }>()
  for (const document of documents) {
    const entry = entryOf(document)
    const { amountsMinor } = secretsOf(document)
    document.keys?.forEach((key, index) => {
      const receipt = receiptOf(terms, entry, document.hash, index)
      decided.set(key, { receipt, amountMinor: amountsMinor[index] ?? 0, quantity: receipt.quantity })
    })
  }
  return decided
}
