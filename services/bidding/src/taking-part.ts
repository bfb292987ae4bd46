import type { BidderPart } from '@gavel/contracts/api/bidder.ts'
import { bidderStandingOf } from './domain/bidder-standing.ts'
import type { Auctions } from './store/auctions.ts'
import type { ParticipationPage, ParticipationPlace, Participations } from './store/participations.ts'

export interface TakingPartParts {
  auctions: Auctions
  participations: Participations
  clock: () => number
}

/** What each bidder takes or took part in, and how he stands there. */
export class TakingPart {
  readonly #parts: TakingPartParts

  constructor(parts: TakingPartParts) {
    this.#parts = parts
  }

  /** `next` is where the page after this one begins; absent on the last. */
  async mine(userId: string, page: ParticipationPage): Promise<{ items: BidderPart[]; next?: ParticipationPlace }> {
    const { auctions, participations, clock } = this.#parts
    const found = await participations.ofUser(userId, { ...page, limit: page.limit + 1 })
    const shown = found.slice(0, page.limit)
    const views = await auctions.some(
      shown.map(({ auctionId }) => auctionId),
      clock()
    )
    const byId = new Map(views.map((view) => [view.auctionId, view]))
    const items = shown.flatMap(({ auctionId, bidder, at, accepted }): BidderPart[] => {
      const auction = byId.get(auctionId)
      return auction
        ? [{ bidder, joinedAt: at, standing: bidderStandingOf(auction, { bidder, accepted }), auction }]
        : []
    })
    const last = shown.at(-1)
    return found.length > page.limit && last ? { items, next: last } : { items }
  }
}
