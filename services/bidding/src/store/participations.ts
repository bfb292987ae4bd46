import type { Collection, Db, Filter } from 'mongodb'

/** Somebody in an auction: one for each bidder and auction, however many bids. */
export interface Participation {
  userId: string
  auctionId: string
  /** As the ledger names him there. */
  bidder: string
  /** When his first bid was decided. */
  at: number
  /** Whether any bid of his was accepted. */
  accepted: boolean
}

interface ParticipationDocument extends Participation {
  /** `<userId>:<auctionId>`. */
  _id: string
}

export interface ParticipationPlace {
  at: number
  auctionId: string
}

export interface ParticipationPage {
  auctionId?: string | undefined
  after?: ParticipationPlace | undefined
  limit: number
}

export const participationId = ({ userId, auctionId }: Pick<Participation, 'userId' | 'auctionId'>): string =>
  `${userId}:${auctionId}`

/**
 * Who took part in what: a read side of BidsDecided, which can be made again from them. Bids come in any number and any order and any of
 * them again; what is kept is the earliest and whether one was accepted, so that neither matters.
 */
export class Participations {
  readonly #collection: Collection<ParticipationDocument>
  /** What is stored for certain, by id, the one not met for longest first. Forgetting one costs a write that changes nothing. */
  readonly #stored = new Map<string, Pick<Participation, 'at' | 'accepted'>>()
  readonly #storedMax: number

  /** Fifty thousand take about ten megabytes. */
  constructor(db: Db, storedMax = 50_000) {
    this.#collection = db.collection('participations')
    this.#storedMax = storedMax
  }

  async createIndexes(): Promise<void> {
    await this.#collection.createIndexes([{ key: { userId: 1, at: -1, auctionId: 1 }, name: 'mine' }])
  }

  /**
   * Each of another bidder or auction. Returns how many had to be written: on a hot auction one for a bidder and not for a bid. `anew`:
   * what was stored may be lost, so all are written.
   */
  async record(participations: readonly Participation[], { anew = false } = {}): Promise<number> {
    const news = anew ? participations : participations.filter((participation) => !this.#isStored(participation))
    if (news.length === 0) return 0
    await this.#collection.bulkWrite(
      news.map(({ userId, auctionId, bidder, at, accepted }) => ({
        updateOne: {
          filter: { _id: participationId({ userId, auctionId }) },
          update: { $setOnInsert: { userId, auctionId, bidder }, $max: { accepted }, $min: { at } },
          upsert: true
        }
      })),
      { ordered: false }
    )
    for (const participation of news) this.#remember(participation)
    return news.length
  }

  /** Those joined last first. */
  async ofUser(userId: string, { auctionId, after, limit }: ParticipationPage): Promise<Participation[]> {
    const filter: Filter<ParticipationDocument> =
      auctionId === undefined ? { userId } : { _id: participationId({ userId, auctionId }) }
    if (after) {
      filter.at = { $lte: after.at }
      filter.$or = [{ at: { $lt: after.at } }, { auctionId: { $gt: after.auctionId } }]
    }
    return await this.#collection.find(filter).sort({ at: -1, auctionId: 1 }).limit(limit).toArray()
  }

  #isStored(participation: Participation): boolean {
    const id = participationId(participation)
    const stored = this.#stored.get(id)
    if (!stored) return false
    this.#stored.delete(id)
    this.#stored.set(id, stored)
    return stored.at <= participation.at && (stored.accepted || !participation.accepted)
  }

  #remember(participation: Participation): void {
    const id = participationId(participation)
    const { at, accepted } = this.#stored.get(id) ?? participation
    this.#stored.delete(id)
    if (this.#stored.size >= this.#storedMax) {
      const [longest] = this.#stored.keys()
      this.#stored.delete(longest!)
    }
    this.#stored.set(id, { at: Math.min(at, participation.at), accepted: accepted || participation.accepted })
  }
}
