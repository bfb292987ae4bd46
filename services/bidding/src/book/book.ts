import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import type { Auction, BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { Fault, Refusal } from '@gavel/platform/errors.ts'
import { outsideTraces } from '@gavel/platform/telemetry.ts'
import type { ErrorCode } from '@gavel/contracts/errors.ts'
import type { Decision, Standing, Terms } from '../domain/auction.ts'
import { decide, extend } from '../domain/decide.ts'
import {
  draftBids,
  draftCancel,
  draftClose,
  draftExtension,
  type Draft,
  type LedgerDocument,
  type Pseudonyms,
  type Tail
} from '../ledger/entry.ts'
import type { Seal } from '../ledger/seal.ts'
import { entryOf, secretsOf, standingOf, termsOf } from '../ledger/read.ts'
import { receiptOf } from '../ledger/receipt.ts'
import type { PublicClosing, PublicEntry } from '../ledger/form.ts'
import type { Ledger } from '../store/ledger.ts'
import { decidedIn, eachPurchase, sealedBidsIn } from './decided-bids.ts'
import { rememberedPseudonyms } from './pseudonyms.ts'
import type { RecentBids } from './recent-bids.ts'
import { keepTraces, markTraces, traceOfBids, traceOfClose, within, type EntryTrace } from './traces.ts'
import { auctionView } from './view.ts'
import { WaitingActs, type Extender } from './waiting-acts.ts'
import { isSameBid, WaitingBids, type BidCommand, type WaitingBid, type WaitingLimits } from './waiting-bids.ts'

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
  limits: WaitingLimits
  measures: BookMeasures
  onCommitted: (committed: Committed) => void
}

const DECISION_ATTEMPTS_MAX = 200

/**
 * One auction in this process: group commit. Bids that arrive while an entry is being written wait together and make
 * the next one. Whatever is remembered here is a guess that the ledger confirms: an entry whose sequence number
 * another process took is decided again on what that process appended.
 */
export class Book {
  readonly terms: Terms
  /** The key of an auction of sealed bids; null of any other. */
  readonly seal: Seal | null
  readonly #parts: BookParts
  readonly #pseudonyms: Pseudonyms
  #standing: Standing
  #tail: Tail
  /** Pieces by buyer, kept only where the terms limit them; bounded by the quantity for sale. */
  readonly #purchases: Map<string, number> | null
  readonly #waiting: WaitingBids
  readonly #acts = new WaitingActs()
  #closing: PublicClosing | undefined
  #leaderTraceparent: string | undefined
  /** How many of the waiting bids came before the close was called for: those are decided first, a later crowd cannot put it off. */
  #beforeClose: number | undefined
  #running = false
  /** For the registry's eviction. */
  used = true

  constructor(
    parts: BookParts,
    { first, last, seal }: { first: LedgerDocument; last: LedgerDocument; seal: Seal | null },
    purchases: Map<string, number> | null
  ) {
    const opening = entryOf(first)
    if (!opening.terms || first.bidderKey === undefined)
      throw new Error(`Entry 0 of ${first._id.auctionId} holds no terms`)
    this.#parts = parts
    this.terms = termsOf(first._id.auctionId, opening.terms, secretsOf(first).reservePriceMinor)
    this.seal = seal
    this.#pseudonyms = rememberedPseudonyms(first.bidderKey)
    const entry = entryOf(last)
    this.#standing = standingOf(entry.standing, last.leader, secretsOf(last))
    this.#closing = entry.closing
    this.#leaderTraceparent = last.leaderTraceparent
    this.#tail = { sequence: last._id.seq, hash: last.hash, at: entry.at }
    this.#waiting = new WaitingBids(this.auctionId, parts.recent, parts.limits)
    this.#purchases = purchases
  }

  get auctionId(): string {
    return this.terms.auctionId
  }

  get idle(): boolean {
    return !this.#running && this.#waiting.unanswered === 0 && this.#acts.length === 0
  }

  get closed(): boolean {
    return this.#standing.closed
  }

  /** A receipt for an accepted or a refused bid, once its entry is durable. */
  place(command: BidCommand): Promise<BidReceipt> {
    const receipt = this.#waiting.join(command)
    if (this.#waiting.length > 0) this.#start()
    return receipt
  }

  /** Closes now. Bids that came before are decided first. */
  close(): Promise<Auction> {
    return this.#asked(this.#acts.close())
  }

  /** Closes if the end has come by the ledger, whatever the caller believes. */
  closeWhenDue(): Promise<Auction> {
    return this.#asked(this.#acts.closeWhenDue())
  }

  /** Ends it without a sale. Bids that came before are decided first; AUCTION_CLOSED where it ended otherwise. */
  cancel(reason: string, by: string): Promise<Auction> {
    return this.#asked(this.#acts.cancel({ reason, by }))
  }

  extend(endsAt: number, by: string): Promise<Auction> {
    return this.#asked(this.#acts.extend(endsAt, by))
  }

  #asked(answer: Promise<Auction>): Promise<Auction> {
    this.#start()
    return answer
  }

  view(): Auction {
    const tail = { ...this.#tail, closing: this.#closing }
    return auctionView(this.terms, this.#standing, this.#leader(), tail, this.#parts.clock())
  }

  #leader(): string | null {
    return this.#standing.leader === null ? null : this.#pseudonyms(this.#standing.leader)
  }

  #start(): void {
    if (this.#running) return
    this.#running = true
    // Whoever comes first sets it going, for all who come after him too.
    void outsideTraces(() => this.#run())
  }

  async #run(): Promise<void> {
    try {
      // The requests that came in the same turn of the event loop join the first entry.
      await turn()
      while (this.#waiting.length + this.#acts.length > 0) {
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
    const extender = this.#acts.takeExtender()
    if (extender) return await this.#writeExtension(extender)
    const closing = this.#acts.isEnding || this.#now() >= this.#standing.endsAt
    if (closing) this.#beforeClose ??= this.#waiting.length
    else this.#beforeClose = undefined
    if (this.#waiting.length > 0 && (this.#beforeClose === undefined || this.#beforeClose > 0)) {
      const batch = this.#waiting.takeEntry()
      if (this.#beforeClose !== undefined) this.#beforeClose -= batch.length
      // The ledger says that nothing is left: a crowd that comes too late need not be written into it one by one.
      if (this.#isSoldOut) await this.#answerLate(batch, 'SOLD_OUT')
      else await this.#writeBids(batch)
    } else if (closing) {
      await this.#writeClose()
    } else {
      this.#acts.answerOpen(() => this.view())
    }
  }

  /** Nothing comes back to a fixed-price sale, so once it is sold out it stays so. */
  get #isSoldOut(): boolean {
    return this.terms.mode === 'fixed-price' && this.#standing.quantityLeft === 0
  }

  /** Time never runs backwards in an auction, whatever the clocks of two processes say. */
  #now(): number {
    return Math.max(this.#parts.clock(), this.#tail.at)
  }

  async #writeBids(batch: WaitingBid[]): Promise<void> {
    const trace = traceOfBids(this.auctionId, batch)
    await within(trace, () => this.#decideAndAppend(batch, trace))
  }

  async #decideAndAppend(batch: WaitingBid[], trace: EntryTrace): Promise<void> {
    let bids = batch
    try {
      for (let attempt = 0; bids.length > 0; attempt += 1) {
        if (attempt > DECISION_ATTEMPTS_MAX) throw new Fault('Other processes append to this auction all the time')
        if (this.#standing.closed) {
          // Another process closed it in between.
          await this.#answerLate(bids, this.#lateCode)
          return
        }
        const at = this.#now()
        const decision = decide(this.terms, this.#standing, bids, at, (bidder) => this.#purchases?.get(bidder) ?? 0)
        const keys = bids.map((bid) => bid.key)
        const draft = draftBids(this.terms, this.#tail, at, bids, keys, decision, this.#pseudonyms, this.seal)
        markTraces(draft.document, trace, bids, decision, this.#leaderTraceparent)
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
      for (const bid of bids) this.#waiting.refuse(bid, error)
      throw error
    }
  }

  #committed(draft: Draft, decision: Decision, bids: WaitingBid[]): void {
    const { entry, document } = draft
    this.#advance(entry, document, decision.standing)
    for (let index = 0; index < bids.length; index += 1) {
      const bid = bids[index]
      if (!bid) continue
      if (this.#purchases && decision.outcomes[index]?.code === null) this.#bought(bid.bidder, bid.quantity)
      this.#waiting.answer(bid, receiptOf(this.terms, entry, document.hash, index, this.seal))
    }
    this.#parts.onCommitted({ terms: this.terms, draft, view: this.view() })
    // A buy-now has ended it: the close follows at once, not when the scheduler looks.
    if (decision.standing.endsAt <= entry.at) this.#acts.closeSoon(document.leaderTraceparent ?? document.traceparent)
  }

  #advance(entry: PublicEntry, { hash, leaderTraceparent }: LedgerDocument, standing: Standing): void {
    this.#standing = standing
    this.#closing = entry.closing
    this.#leaderTraceparent = leaderTraceparent
    this.#tail = { sequence: entry.sequence, hash, at: entry.at }
  }

  #bought(userId: string, quantity: number): void {
    this.#purchases?.set(userId, (this.#purchases.get(userId) ?? 0) + quantity)
  }

  /** Bids that are in the ledger already get their first receipts. Returns the others. */
  async #answerRepeated(bids: WaitingBid[]): Promise<WaitingBid[]> {
    const holding = await this.#parts.ledger.holding(
      this.auctionId,
      bids.map((bid) => bid.key)
    )
    const decided = decidedIn(this.terms, holding, this.seal)
    return bids.filter((bid) => {
      const before = decided.get(bid.key)
      if (!before) return true
      if (isSameBid(before, bid)) this.#waiting.answer(bid, before.receipt)
      else this.#waiting.refuse(bid, new Refusal('BID_ID_REUSED'))
      return false
    })
  }

  async #writeClose(): Promise<void> {
    const { terms, seal } = this
    const { cancelling } = this.#acts
    const at = this.#now()
    // Read before the tail is taken: an entry that comes in between takes the sequence number, and all is done again.
    const traces = new Map<string, string>()
    const bids =
      seal && !cancelling ? await sealedBidsIn(this.#parts.ledger.all(this.auctionId, 1), seal, traces) : null
    const draft = cancelling
      ? draftCancel(terms, this.#tail, at, this.#standing, cancelling)
      : draftClose(
          terms,
          this.#tail,
          at,
          this.#standing,
          this.#pseudonyms,
          seal && bids ? { bids, key: seal.key } : undefined
        )
    const winner = seal ? traces.get(draft.document.leader ?? '') : this.#leaderTraceparent
    const trace = traceOfClose(this.auctionId, this.#acts.endingTraceparent, winner)
    if (trace.traceparent !== undefined) draft.document.traceparent = trace.traceparent
    const appended = await within(trace, () => this.#parts.ledger.append(draft.document))
    if (appended !== 'appended') {
      // The other process may have closed it, or moved its end on: the loop looks again.
      this.#parts.measures.conflict(appended)
      await this.#catchUp()
      return
    }
    this.#advance(draft.entry, draft.document, draft.closing.standing)
    this.#parts.onCommitted({ terms: this.terms, draft, view: this.view() })
  }

  async #writeExtension(extender: Extender): Promise<void> {
    try {
      // A refusal is in no entry that would confirm it, so it must not be decided on what may have changed.
      await this.#catchUp()
      const at = this.#now()
      // The same end asked for again, by one who did not get the answer.
      if (extender.endsAt === this.#standing.endsAt && at < extender.endsAt) return extender.resolve(this.view())
      const extended = extend(this.#standing, extender.endsAt, at)
      if (typeof extended === 'string') return extender.reject(new Refusal(extended))
      const act = { leader: this.#leader(), by: extender.by }
      const draft = draftExtension(this.terms, this.#tail, at, extended, act)
      keepTraces(draft.document, extender.traceparent, this.#leaderTraceparent)
      const appended = await this.#parts.ledger.append(draft.document)
      if (appended !== 'appended') {
        this.#parts.measures.conflict(appended)
        await this.#catchUp()
        this.#acts.putBack(extender)
        return
      }
      this.#advance(draft.entry, draft.document, extended)
      this.#parts.onCommitted({ terms: this.terms, draft, view: this.view() })
      extender.resolve(this.view())
    } catch (error) {
      extender.reject(error)
      throw error
    }
  }

  get #lateCode(): ErrorCode {
    return this.#closing?.outcome === 'cancelled'
      ? 'AUCTION_CANCELLED'
      : this.#isSoldOut
        ? 'SOLD_OUT'
        : 'AUCTION_CLOSED'
  }

  /** A bid that comes after the close is refused; one that was decided before it and is sent again still gets its receipt. */
  async #answerClosed(): Promise<void> {
    const bids = this.#waiting.takeAll()
    this.#acts.answerClosed(() => this.view(), this.#closing?.outcome)
    await this.#answerLate(bids, this.#lateCode)
  }

  async #answerLate(bids: WaitingBid[], code: ErrorCode): Promise<void> {
    if (bids.length === 0) return
    try {
      for (const bid of await this.#answerRepeated(bids)) this.#waiting.refuse(bid, new Refusal(code))
    } catch (error) {
      for (const bid of bids) this.#waiting.refuse(bid, error)
    }
  }

  /** Moves on to the ledger's newest entry. */
  async #catchUp(): Promise<void> {
    if (this.#purchases) {
      for await (const document of this.#parts.ledger.all(this.auctionId, this.#tail.sequence + 1)) {
        eachPurchase(document, (userId, quantity) => this.#bought(userId, quantity))
        this.#advanceTo(document)
      }
      return
    }
    const last = await this.#parts.ledger.last(this.auctionId)
    if (last && last._id.seq > this.#tail.sequence) this.#advanceTo(last)
  }

  #advanceTo(document: LedgerDocument): void {
    const entry = entryOf(document)
    this.#advance(entry, document, standingOf(entry.standing, document.leader, secretsOf(document)))
  }

  /**
   * The ledger could not be reached: everybody who waits is told. What is remembered here stays a guess that the next
   * entry's insert confirms, so nothing needs to be thrown away.
   */
  #fail(error: unknown): void {
    this.#beforeClose = undefined
    for (const bid of this.#waiting.takeAll()) this.#waiting.refuse(bid, error)
    this.#acts.fail(error)
  }
}
