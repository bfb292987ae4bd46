import type { Collection, Db, Filter } from 'mongodb'
import type { Auction } from '@gavel/contracts/api/bidding.ts'
import type { LedgerProblem } from '../ledger/check-stored.ts'

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
  /** How many watch it. Absent: nobody has. */
  watchers?: number
  /** What its crowd was told, see crowd.ts. */
  told?: What[]
  /** Ended with bidders who may not know it yet, see crowd.ts. */
  endUntold?: true
  /** What verifying its ledger found, and when. Absent: nobody has. */
  verification?: { at: number; problem?: LedgerProblem }
  /** Nobody else begins to verify it before this. */
  verifyFrom?: number
}

export type What = 'cancelled' | 'ending-soon'

/** An auction of which something is to be told. */
export interface ToTell {
  auctionId: string
  title: string
  reason?: string
  endsAt: number
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
      { key: { settled: 1, _id: 1 }, name: 'unsettled' },
      { key: { endsAt: 1 }, name: 'watched', partialFilterExpression: { closed: false, watchers: { $gt: 0 } } },
      { key: { endUntold: 1 }, name: 'end-untold', partialFilterExpression: { endUntold: true } },
      { key: { closed: 1, 'verification.at': 1, endsAt: 1 }, name: 'unverified' },
      {
        key: { 'verification.problem.sequence': 1 },
        name: 'broken',
        partialFilterExpression: { 'verification.problem.sequence': { $gte: 0 } }
      },
      { key: { told: 1 }, name: 'cancelled', partialFilterExpression: { 'view.outcome': 'cancelled' } }
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
      .find(filters.length === 0 ? {} : { $and: filters }, { projection: { view: 1, watchers: 1 } })
      .sort({ endsAt: 1, _id: 1 })
      .limit(limit)
      .toArray()
    return found.map((document) => listed(document, now))
  }

  /** Those of these auctions that are listed. */
  async some(auctionIds: string[], now: number): Promise<Auction[]> {
    const found = await this.#collection
      .find({ _id: { $in: auctionIds } }, { projection: { view: 1, watchers: 1 } })
      .toArray()
    return found.map((document) => listed(document, now))
  }

  async watchersOf(auctionId: string): Promise<number> {
    return (await this.#collection.findOne({ _id: auctionId }, { projection: { watchers: 1 } }))?.watchers ?? 0
  }

  /** Watched auctions whose end is near and whose watchers have not heard of it. */
  async endingSoon(now: number, withinMs: number, limit: number): Promise<ToTell[]> {
    return await this.#toTell(
      { closed: false, watchers: { $gt: 0 }, endsAt: { $gt: now, $lte: now + withinMs }, told: { $ne: 'ending-soon' } },
      limit
    )
  }

  async cancelled(limit: number): Promise<ToTell[]> {
    return await this.#toTell({ 'view.outcome': 'cancelled', told: { $ne: 'cancelled' } }, limit)
  }

  /** Auctions that ended by their close, whose bidders and watchers have not heard of it. */
  async endUntold(limit: number): Promise<Auction[]> {
    const found = await this.#collection
      .find({ endUntold: true }, { projection: { view: 1 } })
      .limit(limit)
      .toArray()
    return found.map(({ view }) => view)
  }

  async endTold(auctionId: string): Promise<void> {
    await this.#collection.updateOne({ _id: auctionId }, { $unset: { endUntold: true } })
  }

  async #toTell(filter: Filter<AuctionDocument>, limit: number): Promise<ToTell[]> {
    const found = await this.#collection
      .find(filter, { projection: { endsAt: 1, 'view.title': 1, 'view.cancelReason': 1 } })
      .limit(limit)
      .toArray()
    return found.map(({ _id, endsAt, view: { title, cancelReason } }) => ({
      auctionId: _id,
      title,
      endsAt,
      ...(cancelReason !== undefined && { reason: cancelReason })
    }))
  }

  async told(auctionId: string, what: What): Promise<void> {
    await this.#collection.updateOne({ _id: auctionId }, { $addToSet: { told: what } })
  }

  /** Which of these auctions are closed. */
  async closedAmong(auctionIds: string[]): Promise<string[]> {
    const found = await this.#collection
      .find({ _id: { $in: auctionIds }, closed: true }, { projection: { _id: 1 } })
      .toArray()
    return found.map(({ _id }) => _id)
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

  /** A closed auction whose ledger nobody has verified, or one that was found broken a while ago. Nobody else gets it meanwhile. */
  async takeUnverified(now: number, leaseMs: number): Promise<{ auctionId: string; closed: boolean } | undefined> {
    const free = { $or: [{ verifyFrom: { $exists: false } }, { verifyFrom: { $lte: now } }] }
    const hold = { $set: { verifyFrom: now + leaseMs } }
    const options = { sort: { endsAt: 1 }, projection: { closed: 1 } } as const
    const found =
      (await this.#collection.findOneAndUpdate(
        { closed: true, 'verification.at': { $exists: false }, ...free },
        hold,
        options
      )) ?? (await this.#collection.findOneAndUpdate({ ...broken, ...free }, hold, options))
    return found ? { auctionId: found._id, closed: found.closed } : undefined
  }

  async verifyOn(auctionId: string, until: number): Promise<void> {
    await this.#collection.updateOne({ _id: auctionId }, { $set: { verifyFrom: until } })
  }

  async verified(auctionId: string, at: number, verifyFrom: number, problem?: LedgerProblem): Promise<void> {
    const verification = { at, ...(problem && { problem }) }
    await this.#collection.updateOne({ _id: auctionId }, { $set: { verification, verifyFrom } })
  }

  /** Nothing is wrong with it any more, and it is to be verified once it is closed. */
  async unverified(auctionId: string): Promise<void> {
    await this.#collection.updateOne({ _id: auctionId }, { $unset: { verification: 1, verifyFrom: 1 } })
  }

  async countBroken(): Promise<number> {
    return await this.#collection.countDocuments(broken, { limit: 100_000 })
  }

  /** Any auction, or any that is open. */
  async sample(onlyOpen: boolean): Promise<string | undefined> {
    const [found] = await this.#collection
      .aggregate<{ _id: string }>([
        ...(onlyOpen ? [{ $match: { closed: false } }] : []),
        { $sample: { size: 1 } },
        { $project: { _id: 1 } }
      ])
      .toArray()
    return found?._id
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

  /** All auctions, in the order of their ids from `afterId` on. */
  async from(afterId: string, limit: number): Promise<{ auctionId: string; publishedSeq: number }[]> {
    const found = await this.#collection
      .find({ _id: { $gt: afterId } }, { projection: { publishedSeq: 1 } })
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

const broken: Filter<AuctionDocument> = { 'verification.problem.sequence': { $gte: 0 } }

const listed = ({ view, watchers = 0 }: AuctionDocument, now: number): Auction => ({
  ...view,
  watchers,
  status: view.status === 'closed' ? 'closed' : now < view.startsAt ? 'scheduled' : 'open'
})

const shown = (view: Auction) => ({
  closed: view.status === 'closed',
  startsAt: view.startsAt,
  endsAt: view.endsAt,
  seq: view.sequence,
  view,
  ...(endsForACrowd(view) && { endUntold: true as const })
})

/** A fixed-price sale answers each bid for good, and of a cancellation the crowd hears otherwise. */
const endsForACrowd = ({ status, mode, outcome }: Auction): boolean =>
  status === 'closed' && mode !== 'fixed-price' && outcome !== 'cancelled'
