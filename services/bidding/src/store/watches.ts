import type { Collection, Db } from 'mongodb'
import type { AuctionDocument } from './auctions.ts'

interface WatchDocument {
  /** `<userId>:<auctionId>`. */
  _id: string
  userId: string
  auctionId: string
  at: number
}

const DUPLICATE_KEY = 11000

/** Who watches what. The number of watchers stands in the listing, moved in the transaction that moves the watch. */
export class Watches {
  readonly #db: Db
  readonly #watches: Collection<WatchDocument>
  readonly #auctions: Collection<AuctionDocument>

  constructor(db: Db) {
    this.#db = db
    this.#watches = db.collection('watches')
    this.#auctions = db.collection('auctions')
  }

  async createIndexes(): Promise<void> {
    await this.#watches.createIndexes([
      { key: { userId: 1, at: -1, auctionId: 1 }, name: 'mine' },
      { key: { auctionId: 1, _id: 1 }, name: 'watchers' }
    ])
  }

  /** Watching twice is watching once. */
  async add(userId: string, auctionId: string, at: number): Promise<void> {
    const watch: WatchDocument = { _id: `${userId}:${auctionId}`, userId, auctionId, at }
    try {
      await this.#db.client.withSession(async (session) =>
        session.withTransaction(async () => {
          await this.#watches.insertOne(watch, { session })
          await this.#auctions.updateOne({ _id: auctionId }, { $inc: { watchers: 1 } }, { session })
        })
      )
    } catch (error) {
      if ((error as { code?: unknown }).code !== DUPLICATE_KEY) throw error
    }
  }

  async remove(userId: string, auctionId: string): Promise<void> {
    await this.#db.client.withSession(async (session) =>
      session.withTransaction(async () => {
        const { deletedCount } = await this.#watches.deleteOne({ _id: `${userId}:${auctionId}` }, { session })
        if (deletedCount === 1)
          await this.#auctions.updateOne({ _id: auctionId }, { $inc: { watchers: -1 } }, { session })
      })
    )
  }

  async countOf(userId: string, limit: number): Promise<number> {
    return await this.#watches.countDocuments({ userId }, { limit })
  }

  /** The newest first. */
  async ofUser(userId: string, limit: number): Promise<{ auctionId: string; at: number }[]> {
    return await this.#watches.find({ userId }).sort({ at: -1, auctionId: 1 }).limit(limit).toArray()
  }

  /** Everybody who watches an auction, in one order. */
  async watchersOf(auctionId: string): Promise<string[]> {
    const found = this.#watches.find({ auctionId }, { projection: { userId: 1 } }).sort({ _id: 1 })
    const userIds: string[] = []
    for await (const { userId } of found) userIds.push(userId)
    return userIds
  }
}
