import type { Auctions } from '../store/auctions.ts'
import type { Ledger } from '../store/ledger.ts'
import type { Publisher } from './publisher.ts'

const PAGE = 200

/**
 * Finds what a crash left unpublished: auctions whose mark has an entry behind it and has not moved since the last
 * sweep, so that entries which a living process is just publishing are left to it.
 */
export class Sweep {
  readonly #ledger: Ledger
  readonly #auctions: Auctions
  readonly #publisher: Publisher
  #behind = new Map<string, number>()

  constructor(ledger: Ledger, auctions: Auctions, publisher: Publisher) {
    this.#ledger = ledger
    this.#auctions = auctions
    this.#publisher = publisher
  }

  async run(signal: AbortSignal): Promise<void> {
    const behind = new Map<string, number>()
    let afterId = ''
    while (!signal.aborted) {
      const page = await this.#auctions.unsettled(afterId, PAGE)
      const next = page.map(({ auctionId, publishedSeq }) => ({ auctionId, seq: publishedSeq + 1 }))
      const existing = await this.#ledger.existing(next)
      for (const { auctionId, publishedSeq } of page) {
        if (!existing.has(auctionId)) continue
        behind.set(auctionId, publishedSeq)
        if (this.#behind.get(auctionId) === publishedSeq) this.#publisher.publishSoon(auctionId)
      }
      const last = page.at(-1)
      if (!last || page.length < PAGE) break
      afterId = last.auctionId
    }
    this.#behind = behind
  }
}
