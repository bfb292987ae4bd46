import type { Auction } from '@gavel/contracts/api/bidding.ts'
import type { Auctions } from '../store/auctions.ts'

/**
 * Keeps the listing near the ledgers without a write for each entry: the newest view of each auction waits for the next
 * flush, so what waits is bounded by the auctions in hand. A view lost in a crash is written when its auction moves on.
 */
export class Listing {
  readonly #auctions: Auctions
  readonly #onError: (error: unknown) => void
  #waiting = new Map<string, Auction>()
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()

  constructor(auctions: Auctions, intervalMs: number, onError: (error: unknown) => void) {
    this.#auctions = auctions
    this.#onError = onError
    this.#timer = setInterval(() => void this.flush(), intervalMs)
  }

  show(view: Auction): void {
    this.#waiting.set(view.auctionId, view)
  }

  async flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushOnce())
    await this.#flushing
  }

  async #flushOnce(): Promise<void> {
    if (this.#waiting.size === 0) return
    const views = this.#waiting
    this.#waiting = new Map()
    try {
      await this.#auctions.show([...views.values()])
    } catch (error) {
      this.#onError(error)
      for (const [auctionId, view] of views) if (!this.#waiting.has(auctionId)) this.#waiting.set(auctionId, view)
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.flush()
  }
}
