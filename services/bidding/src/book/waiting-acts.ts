import type { Auction } from '@gavel/contracts/api/bidding.ts'
import type { CloseOutcome } from '../domain/auction.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { currentTraceparent } from '@gavel/platform/telemetry.ts'

interface Asking {
  resolve: (view: Auction) => void
  reject: (reason: unknown) => void
}

interface Closer extends Asking {
  /** Wants the auction cancelled: that it ended otherwise is a refusal. */
  isCancel?: boolean
  traceparent: string | undefined
}

export interface Extender extends Asking {
  endsAt: number
  by: string
  traceparent: string | undefined
}

export interface Cancelling {
  reason: string
  by: string
}

/** What was asked of one auction besides bids, and has no answer yet. */
export class WaitingActs {
  #closers: Closer[] = []
  #extenders: Extender[] = []
  #isEnding = false
  #cancelling: Cancelling | undefined

  get length(): number {
    return this.#closers.length + this.#extenders.length
  }

  /** Somebody wants it to end before its time. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** The trace of whoever wants it to end; none where its time has come. */
  get endingTraceparent(): string | undefined {
    return this.#closers.find(({ traceparent }) => traceparent !== undefined)?.traceparent
  }

  get cancelling(): Cancelling | undefined {
    return this.#cancelling
  }

  close(): Promise<Auction> {
    this.#isEnding = true
    return this.closeWhenDue()
  }

  closeWhenDue(isCancel = false): Promise<Auction> {
    const { promise, resolve, reject } = Promise.withResolvers<Auction>()
    this.#closers.push({ resolve, reject, isCancel, traceparent: currentTraceparent() })
    return promise
  }

  cancel(cancelling: Cancelling): Promise<Auction> {
    this.#isEnding = true
    this.#cancelling ??= cancelling
    return this.closeWhenDue(true)
  }

  extend(endsAt: number, by: string): Promise<Auction> {
    const { promise, resolve, reject } = Promise.withResolvers<Auction>()
    this.#extenders.push({ endsAt, by, resolve, reject, traceparent: currentTraceparent() })
    return promise
  }

  /** The end has come by a bid; nobody waits for the close, and it is not to wait for the scheduler. */
  closeSoon(traceparent: string | undefined): void {
    this.#closers.push({ resolve: () => undefined, reject: () => undefined, traceparent })
  }

  takeExtender(): Extender | undefined {
    return this.#extenders.shift()
  }

  putBack(extender: Extender): void {
    this.#extenders.unshift(extender)
  }

  /** The end was moved on since the scheduler looked. */
  answerOpen(view: () => Auction): void {
    for (const closer of this.#closers.splice(0)) closer.resolve(view())
  }

  answerClosed(view: () => Auction, outcome: CloseOutcome | undefined): void {
    this.#cancelling = undefined
    const isCancelled = outcome === 'cancelled'
    for (const closer of this.#closers.splice(0)) {
      if (closer.isCancel === true && !isCancelled) closer.reject(new Refusal('AUCTION_CLOSED'))
      else closer.resolve(view())
    }
    for (const extender of this.#extenders.splice(0)) extender.reject(new Refusal('AUCTION_CLOSED'))
  }

  fail(error: unknown): void {
    this.#isEnding = false
    this.#cancelling = undefined
    for (const asking of [...this.#closers.splice(0), ...this.#extenders.splice(0)]) asking.reject(error)
  }
}
