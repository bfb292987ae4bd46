import type { Collection, Db } from 'mongodb'

/** What an offer has yet to bring about; done in this order and then taken off. The document is its own outbox. */
export type OfferDuty = 'publish-offer' | 'publish-sale' | 'offer-to-next'

export interface OfferDocument {
  /** Made of the auction and the sale's number: the same failure handled twice makes one offer. */
  _id: string
  auctionId: string
  /** `n` of the order number that accepting brings about. */
  sale: number
  productId: string
  title: string
  userId: string
  quantity: number
  priceMinor: number
  currency: string
  status: 'open' | 'accepted' | 'expired'
  madeAt: number
  expiresAt: number
  acceptedAt?: number
  /** Of the failed sale that made it, and then of whoever accepted it. */
  traceparent?: string
  duties: OfferDuty[]
}

const DUPLICATE_KEY = 11000
const MINE_MAX = 200

export class Offers {
  readonly #collection: Collection<OfferDocument>

  constructor(db: Db) {
    this.#collection = db.collection<OfferDocument>('offers')
  }

  async createIndexes(): Promise<void> {
    await this.#collection.createIndexes([
      { key: { userId: 1, expiresAt: -1 }, name: 'mine' },
      { key: { auctionId: 1, sale: 1 }, name: 'of-auction', unique: true },
      { key: { status: 1, expiresAt: 1 }, name: 'expiring' },
      { key: { 'duties.0': 1 }, name: 'duties', partialFilterExpression: { 'duties.0': { $exists: true } } }
    ])
  }

  /** False where this offer was made before. */
  async make(offer: OfferDocument): Promise<boolean> {
    try {
      await this.#collection.insertOne(offer)
      return true
    } catch (error) {
      if ((error as { code?: unknown }).code === DUPLICATE_KEY) return false
      throw error
    }
  }

  async ofAuction(auctionId: string): Promise<OfferDocument[]> {
    return await this.#collection.find({ auctionId }).sort({ sale: 1 }).toArray()
  }

  async ofUser(userId: string): Promise<OfferDocument[]> {
    return await this.#collection.find({ userId }).sort({ expiresAt: -1 }).limit(MINE_MAX).toArray()
  }

  async find(offerId: string, userId: string): Promise<OfferDocument | null> {
    return await this.#collection.findOne({ _id: offerId, userId })
  }

  /** One conditional update is the acceptance and its outbox: however often it is asked for, one sale follows. */
  async accept(offerId: string, userId: string, now: number, traceparent?: string): Promise<OfferDocument | null> {
    return await this.#collection.findOneAndUpdate(
      { _id: offerId, userId, status: 'open', expiresAt: { $gt: now } },
      {
        $set: { status: 'accepted', acceptedAt: now, ...(traceparent !== undefined && { traceparent }) },
        $push: { duties: 'publish-sale' }
      },
      { returnDocument: 'after' }
    )
  }

  async expire(now: number): Promise<number> {
    const { modifiedCount } = await this.#collection.updateMany(
      { status: 'open', expiresAt: { $lte: now } },
      { $set: { status: 'expired' }, $push: { duties: 'offer-to-next' } }
    )
    return modifiedCount
  }

  async withDuties(limit: number): Promise<OfferDocument[]> {
    return await this.#collection
      .find({ 'duties.0': { $exists: true } })
      .limit(limit)
      .toArray()
  }

  async done(offerId: string, duty: OfferDuty): Promise<void> {
    await this.#collection.updateOne({ _id: offerId }, { $pull: { duties: duty } })
  }
}
