import type { Auction } from '@gavel/contracts/api/bidding.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { House } from './house.ts'
import type { Auctions } from './store/auctions.ts'
import type { Watches } from './store/watches.ts'

export interface WatchingParts {
  house: House
  auctions: Auctions
  watches: Watches
  clock: () => number
}

const WATCHES_MAX = 500

/** Each user's list of auctions to keep an eye on. */
export class Watching {
  readonly #parts: WatchingParts

  constructor(parts: WatchingParts) {
    this.#parts = parts
  }

  /** Throws AUCTION_NOT_FOUND. */
  async add(userId: string, auctionId: string): Promise<void> {
    const { house, watches, clock } = this.#parts
    await house.books.of(auctionId)
    // Two at the same time may pass the limit by one: it bounds a list, it guards nothing.
    if ((await watches.countOf(userId, WATCHES_MAX)) >= WATCHES_MAX) throw new Refusal('WATCHES_LIMIT')
    await watches.add(userId, auctionId, clock())
  }

  async remove(userId: string, auctionId: string): Promise<void> {
    await this.#parts.watches.remove(userId, auctionId)
  }

  async mine(userId: string): Promise<{ watchedAt: number; auction: Auction }[]> {
    const { auctions, watches, clock } = this.#parts
    const watched = await watches.ofUser(userId, WATCHES_MAX)
    const views = await auctions.some(
      watched.map(({ auctionId }) => auctionId),
      clock()
    )
    const byId = new Map(views.map((view) => [view.auctionId, view]))
    return watched.flatMap(({ auctionId, at }) => {
      const auction = byId.get(auctionId)
      return auction ? [{ watchedAt: at, auction }] : []
    })
  }
}
