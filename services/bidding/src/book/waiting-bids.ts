import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { keyOf } from '../ledger/entry.ts'
import type { RecentBids } from './recent-bids.ts'

export interface BidCommand {
  userId: string
  bidId: string
  amountMinor: number
  quantity: number
  /** W3C trace context of who asks. */
  traceparent?: string | undefined
}

export interface WaitingBid extends BidCommand {
  /** The same as userId; what the domain calls it. */
  bidder: string
  key: string
  promise: Promise<BidReceipt>
  resolve: (receipt: BidReceipt) => void
  reject: (reason: unknown) => void
}

export interface WaitingLimits {
  /** An entry holds no more bids and no more bytes than this; the rest wait for the next. */
  entryBidsMax: number
  entryBytesMax: number
  /** Bids that may wait for one auction; more are answered 503. */
  waitingMax: number
}

/** About what one bid adds to an entry besides its ids: the fixed words of its JSON form and its numbers. */
const BID_BYTES = 160

/** The bids of one auction that have no answer yet: those that wait and those that are being written. */
export class WaitingBids {
  readonly #auctionId: string
  readonly #recent: RecentBids
  readonly #limits: WaitingLimits
  #waiting: WaitingBid[] = []
  readonly #unanswered = new Map<string, WaitingBid>()

  constructor(auctionId: string, recent: RecentBids, limits: WaitingLimits) {
    this.#auctionId = auctionId
    this.#recent = recent
    this.#limits = limits
  }

  /** Bids that are in no entry yet. */
  get length(): number {
    return this.#waiting.length
  }

  get unanswered(): number {
    return this.#unanswered.size
  }

  /** Its place in the queue is its place in the ledger. The same bid sent again shares the answer of the first. */
  join(command: BidCommand): Promise<BidReceipt> {
    const key = keyOf(command.userId, command.bidId)
    const decided = this.#recent.find(this.#auctionId, key)
    if (decided)
      return isSameBid(decided, command)
        ? Promise.resolve(decided.receipt)
        : Promise.reject(new Refusal('BID_ID_REUSED'))
    const present = this.#unanswered.get(key)
    if (present) return isSameBid(present, command) ? present.promise : Promise.reject(new Refusal('BID_ID_REUSED'))
    if (this.#unanswered.size >= this.#limits.waitingMax) {
      return Promise.reject(
        new Refusal('UNAVAILABLE', { detail: 'Too many bids wait for this auction', retryAfterMs: 1000 })
      )
    }
    const { promise, resolve, reject } = Promise.withResolvers<BidReceipt>()
    const waiting: WaitingBid = { ...command, bidder: command.userId, key, promise, resolve, reject }
    this.#unanswered.set(key, waiting)
    this.#waiting.push(waiting)
    return promise
  }

  /** The bids of the next entry. */
  takeEntry(): WaitingBid[] {
    const { entryBidsMax, entryBytesMax } = this.#limits
    let taken = 0
    let bytes = 0
    for (const waiting of this.#waiting) {
      bytes += BID_BYTES + waiting.key.length + waiting.bidId.length
      if (taken === entryBidsMax || (bytes > entryBytesMax && taken > 0)) break
      taken += 1
    }
    return taken === this.#waiting.length ? this.takeAll() : this.#waiting.splice(0, taken)
  }

  takeAll(): WaitingBid[] {
    const all = this.#waiting
    this.#waiting = []
    return all
  }

  answer(bid: WaitingBid, receipt: BidReceipt): void {
    this.#unanswered.delete(bid.key)
    this.#recent.keep(this.#auctionId, bid.key, { receipt, amountMinor: bid.amountMinor, quantity: bid.quantity })
    bid.resolve(receipt)
  }

  refuse(bid: WaitingBid, reason: unknown): void {
    this.#unanswered.delete(bid.key)
    bid.reject(reason)
  }
}

interface Asked {
  amountMinor: number
  quantity: number
}

export const isSameBid = (left: Asked, right: Asked): boolean =>
  left.amountMinor === right.amountMinor && left.quantity === right.quantity
