import type { Auction } from '@gavel/contracts/api/bidding.ts'
import { CrowdTold, EndTold } from '@gavel/contracts/events/bidding.ts'
import { auctions as auctionsTopic } from '@gavel/contracts/topics.ts'
import type { OutgoingEvent, Producer } from '@gavel/platform/kafka/producer.ts'
import { userOfKey } from './ledger/entry.ts'
import type { Auctions, ToTell } from './store/auctions.ts'
import type { Ledger } from './store/ledger.ts'
import type { Watches } from './store/watches.ts'

export interface CrowdParts {
  auctions: Auctions
  ledger: Ledger
  watches: Watches
  producer: Producer
  clock: () => number
  limits: { endingSoonMs: number }
}

const AUCTIONS_AT_ONCE = 50
const USERS_AT_ONCE = 1000

/**
 * Tells watchers that an auction ends soon, and watchers and bidders that it was cancelled or how it ended. Every process looks; what two of
 * them tell, or one tells again after a crash, is heard once, because a reader knows what was told of which auction to whom.
 */
export class Crowd {
  readonly #parts: CrowdParts

  constructor(parts: CrowdParts) {
    this.#parts = parts
  }

  async work(): Promise<void> {
    const { auctions, watches, clock, limits } = this.#parts
    for (const one of await auctions.endingSoon(clock(), limits.endingSoonMs, AUCTIONS_AT_ONCE)) {
      await this.#tell(one, 'ending-soon', await watches.watchersOf(one.auctionId))
      await auctions.told(one.auctionId, 'ending-soon')
    }
    for (const one of await auctions.cancelled(AUCTIONS_AT_ONCE)) {
      await this.#tell(one, 'cancelled', (await this.#bidders(one.auctionId)).all)
      await auctions.told(one.auctionId, 'cancelled')
    }
    for (const one of await auctions.endUntold(AUCTIONS_AT_ONCE)) {
      await this.#tellEnd(one)
      await auctions.endTold(one.auctionId)
    }
  }

  /** Bidders and watchers, with who led after the last entry. Reads the whole ledger, once in an auction's life. */
  async #bidders(auctionId: string): Promise<{ all: string[]; leader: string | null }> {
    const all = new Set(await this.#parts.watches.watchersOf(auctionId))
    let last: string | null = null
    for await (const { keys, leader } of this.#parts.ledger.all(auctionId, 1)) {
      for (const key of keys ?? []) all.add(userOfKey(key))
      last = leader
    }
    return { all: [...all], leader: last }
  }

  async #tell({ auctionId, title, reason, endsAt }: ToTell, what: 'cancelled' | 'ending-soon', crowd: string[]) {
    await this.#publish(auctionId, what, crowd, (userIds) => ({
      definition: CrowdTold,
      data: { auctionId, title, what, userIds, ...(reason !== undefined && { reason }), endsAt }
    }))
  }

  async #tellEnd({ auctionId, title, outcome, currency, priceMinor }: Auction) {
    const { all, leader } = await this.#bidders(auctionId)
    const crowd = outcome === 'sold' ? all.filter((userId) => userId !== leader) : all
    await this.#publish(auctionId, 'ended', crowd, (userIds) => ({
      definition: EndTold,
      data: { auctionId, title, outcome, priceMinor, currency, userIds }
    }))
  }

  async #publish(
    auctionId: string,
    what: string,
    crowd: string[],
    told: (userIds: string[]) => Pick<OutgoingEvent, 'definition' | 'data'>
  ): Promise<void> {
    const { producer, clock } = this.#parts
    for (let from = 0; from < crowd.length; from += USERS_AT_ONCE) {
      const about = { key: auctionId, source: 'bidding', subject: auctionId, time: clock() }
      const id = `${auctionId}:${what}:${from / USERS_AT_ONCE}`
      const event = { ...about, id, ...told(crowd.slice(from, from + USERS_AT_ONCE)) } as OutgoingEvent
      await producer.publish(auctionsTopic, [event])
    }
  }
}
