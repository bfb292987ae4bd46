import { CrowdTold } from '@gavel/contracts/events/bidding.ts'
import { auctions as auctionsTopic } from '@gavel/contracts/topics.ts'
import type { Producer } from '@gavel/platform/kafka/producer.ts'
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
 * Tells watchers that an auction ends soon, and watchers and bidders that it was cancelled. Every process looks; what two of
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
      const crowd = new Set(await watches.watchersOf(one.auctionId))
      for await (const { keys } of this.#parts.ledger.all(one.auctionId, 1)) {
        for (const key of keys ?? []) crowd.add(userOfKey(key))
      }
      await this.#tell(one, 'cancelled', [...crowd])
      await auctions.told(one.auctionId, 'cancelled')
    }
  }

  async #tell({ auctionId, title, reason, endsAt }: ToTell, what: 'cancelled' | 'ending-soon', userIds: string[]) {
    const { producer, clock } = this.#parts
    for (let from = 0; from < userIds.length; from += USERS_AT_ONCE) {
      await producer.publish(auctionsTopic, [
        {
          definition: CrowdTold,
          key: auctionId,
          id: `${auctionId}:${what}:${from / USERS_AT_ONCE}`,
          source: 'bidding',
          subject: auctionId,
          time: clock(),
          data: {
            auctionId,
            title,
            what,
            userIds: userIds.slice(from, from + USERS_AT_ONCE),
            ...(reason !== undefined && { reason }),
            endsAt
          }
        }
      ])
    }
  }
}
