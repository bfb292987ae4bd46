import type { Collection, Db, Filter } from 'mongodb'
import type { Auction } from '@gavel/contracts/api/bidding.ts'

/**
 * The listing: what the ledgers hold, arranged for looking up. It may lag and can be made again; the one thing that is
 * only here is how far each ledger has been published, and losing that only publishes again.
 */
export interface AuctionDocument {
  _id: string
  closed: boolean
  startsAt: number
  endsAt: number
  /** The ledger entry that the view shows. */
  seq: number
  view: Auction
  /** The newest entry that Kafka has acknowledged; -1 before the first. */
  publishedSeq: number
  /** Closed and published to the last entry: nothing is left to do. */
  settled: boolean
}

export interface Page {
  status?: Auction['status'] | undefined
  after?: { endsAt: number; auctionId: string } | undefined
  limit: number
}

export class Auctions {
  readonly #collection: Collection<AuctionDocument>

  constructor(db: Db) {
    this.#collection = db.collection<AuctionDocument>('auctions')
  }

  async createIndexes(): Promise<void> {
    await this.#collection.createIndexes([
      { key: { closed: 1, endsAt: 1, _id: 1 }, name: 'ending' },
      { key: { endsAt: 1, _id: 1 }, name: 'all-ending' },
      { key: { settled: 1, _id: 1 }, name: 'unsettled' }
    ])
  }

  /** Lists an auction where it is not listed yet: at its opening, and when a crash came between the ledger and this. */
  async add(view: Auction): Promise<void> {
    await this.#collection.updateOne(
      { _id: view.auctionId },
      { $setOnInsert: { ...shown(view), publishedSeq: -1, settled: false } },
      { upsert: true }
    )
  }

  /** Brings views up to date; an older one never overwrites a newer one. */
  async show(views: Auction[]): Promise<void> {
    if (views.length === 0) return
    await this.#collection.bulkWrite(
      views.map((view) => ({
        updateOne: { filter: { _id: view.auctionId, seq: { $lt: view.sequence } }, update: { $set: shown(view) } }
      })),
      { ordered: false }
    )
  }

  async list({ status, after, limit }: Page, now: number): Promise<Auction[]> {
    const filters: Filter<AuctionDocument>[] = []
    if (status) filters.push({ closed: status === 'closed' })
    if (status === 'scheduled') filters.push({ startsAt: { $gt: now } })
    if (status === 'open') filters.push({ startsAt: { $lte: now } })
    if (after) {
      filters.push({
        $or: [{ endsAt: { $gt: after.endsAt } }, { endsAt: after.endsAt, _id: { $gt: after.auctionId } }]
      })
    }
    const found = await this.#collection
      .find(filters.length === 0 ? {} : { $and: filters }, { projection: { view: 1 } })
      .sort({ endsAt: 1, _id: 1 })
      .limit(limit)
      .toArray()
    return found.map(({ view }) =>
      view.status === 'closed' ? view : { ...view, status: now < view.startsAt ? 'scheduled' : 'open' }
    )
  }

  /** Auctions whose end has come by the listing, the longest overdue first. */
  async due(now: number, limit: number): Promise<string[]> {
    const found = await this.#collection
      .find({ closed: false, endsAt: { $lte: now } }, { projection: { _id: 1 } })
      .sort({ endsAt: 1 })
      .limit(limit)
      .toArray()
    return found.map((one) => one._id)
  }

  async countOpen(): Promise<number> {
    return await this.#collection.countDocuments({ closed: false }, { limit: 100_000 })
  }

  async publishedSeq(auctionId: string): Promise<number | undefined> {
    return (await this.#collection.findOne({ _id: auctionId }, { projection: { publishedSeq: 1 } }))?.publishedSeq
  }

  /** Auctions that may have entries left to publish, in the order of their ids from `afterId` on. */
  async unsettled(afterId: string, limit: number): Promise<{ auctionId: string; publishedSeq: number }[]> {
    const found = await this.#collection
      .find({ settled: false, _id: { $gt: afterId } }, { projection: { publishedSeq: 1 } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray()
    return found.map((one) => ({ auctionId: one._id, publishedSeq: one.publishedSeq }))
  }

  /** The mark only rises: of two processes that publish the same entries the slower one changes nothing. */
  async published(marks: { auctionId: string; seq: number; isLast: boolean }[]): Promise<void> {
    if (marks.length === 0) return
    await this.#collection.bulkWrite(
      marks.map(({ auctionId, seq, isLast }) => ({
        updateOne: {
          filter: { _id: auctionId },
          update: { $max: { publishedSeq: seq }, ...(isLast && { $set: { settled: true } }) }
        }
      })),
      { ordered: false }
    )
  }
}

const shown = (view: Auction) => ({
  closed: view.status === 'closed',
  startsAt: view.startsAt,
  endsAt: view.endsAt,
  seq: view.sequence,
  view
})
