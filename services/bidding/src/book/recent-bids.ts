import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'

export interface DecidedBid {
  receipt: BidReceipt
  amountMinor: number
  quantity: number
}

/**
 * The receipts of the newest bids of all auctions, for repeats that come soon. Forgetting one costs a look-up, never
 * correctness: the ledger's unique index is what makes a bid id count once. Two generations: when the young one is
 * full it becomes the old one, so that no entry needs a timer or a list.
 */
export class RecentBids {
  #young = new Map<string, DecidedBid>()
  #old = new Map<string, DecidedBid>()
  readonly #generationMax: number

  constructor(bidsMax: number) {
    this.#generationMax = Math.max(1, Math.floor(bidsMax / 2))
  }

  find(auctionId: string, key: string): DecidedBid | undefined {
    const name = `${auctionId}:${key}`
    return this.#young.get(name) ?? this.#old.get(name)
  }

  keep(auctionId: string, key: string, bid: DecidedBid): void {
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(`${auctionId}:${key}`, bid)
  }
}
