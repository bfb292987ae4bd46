import type { Collection, Db, Filter } from 'mongodb'
import { Fault, toFailure } from '@gavel/platform/errors.ts'
import { setTimeout as pause } from 'node:timers/promises'
import type { LedgerDocument } from '../ledger/entry.ts'

/**
 * - `appended`: durable, and ours.
 * - `taken`: another process has this sequence number; decide again on what it appended.
 * - `repeated`: one of the bid ids is in an older entry already; answer it from there and decide the rest again.
 */
export type Appended = 'appended' | 'taken' | 'repeated'

export interface LedgerLimits {
  /** How long one attempt may take, and all of them together, before the bids are answered 503. */
  attemptTimeoutMs: number
  commitTimeoutMs: number
}

const DUPLICATE_KEY = 11000
const RETRY_DELAY_MS = 25

interface DuplicateKey {
  code?: unknown
  keyPattern?: Record<string, unknown>
}

/**
 * The truth. `_id` is (auctionId, seq): two processes that append to one auction cannot both win. The index on `keys`
 * makes a bid id count once in an auction, whatever any process remembers.
 */
export class Ledger {
  readonly #collection: Collection<LedgerDocument>
  readonly #limits: LedgerLimits

  constructor(db: Db, limits: LedgerLimits) {
    this.#limits = limits
    this.#collection = db.collection<LedgerDocument>('ledger', {
      writeConcern: { w: 'majority', journal: true },
      // What is read here is answered to bidders, so it must not be rolled back.
      readConcern: { level: 'majority' },
      readPreference: 'primary'
    })
  }

  async createIndexes(): Promise<void> {
    await this.#collection.createIndex(
      { '_id.auctionId': 1, keys: 1 },
      { name: 'bid-once', unique: true, partialFilterExpression: { keys: { $exists: true } } }
    )
  }

  /**
   * One insert is the bids' durable record, the new state and the outbox at once. Where the answer is lost, the same
   * document is inserted again until the sequence number is known to be ours or another's: a decision is never changed
   * while an earlier attempt of it may still arrive.
   */
  async append(document: LedgerDocument): Promise<Appended> {
    const giveUpAt = performance.now() + this.#limits.commitTimeoutMs
    for (;;) {
      try {
        await this.#collection.insertOne(document, { timeoutMS: this.#limits.attemptTimeoutMs })
        return 'appended'
      } catch (error) {
        const outcome = await this.#afterFailure(document, error)
        if (outcome) return outcome
        if (performance.now() > giveUpAt) throw new Fault('The ledger did not answer in time', { cause: error })
        await pause(RETRY_DELAY_MS)
      }
    }
  }

  async #afterFailure(document: LedgerDocument, error: unknown): Promise<Appended | undefined> {
    const { code, keyPattern } = error as DuplicateKey
    if (code !== DUPLICATE_KEY) {
      if (toFailure(error) instanceof Fault) return undefined
      throw error
    }
    // Not visible yet means that its majority is not reached yet: undefined, and the caller tries again.
    const present = await this.#collection
      .findOne({ _id: document._id }, { projection: { hash: 1 }, timeoutMS: this.#limits.attemptTimeoutMs })
      .catch(() => undefined)
    if (!present) return keyPattern && 'keys' in keyPattern ? 'repeated' : undefined
    return present.hash === document.hash ? 'appended' : 'taken'
  }

  async first(auctionId: string): Promise<LedgerDocument | null> {
    return await this.#collection.findOne({ _id: { auctionId, seq: 0 } })
  }

  async last(auctionId: string): Promise<LedgerDocument | null> {
    return await this.#collection.findOne(sequences(auctionId, 0), { sort: { _id: -1 } })
  }

  /** Up to `limit` entries from `seq` on, in order, and no more than about `bytesMax`. */
  async from(auctionId: string, seq: number, limit: number, bytesMax: number): Promise<LedgerDocument[]> {
    const found: LedgerDocument[] = []
    let bytes = 0
    // Small batches, so that stopping at the byte limit leaves little behind.
    for await (const document of this.#collection
      .find(sequences(auctionId, seq))
      .sort({ _id: 1 })
      .limit(limit)
      .batchSize(20)) {
      found.push(document)
      bytes += document.text.length + document.secrets.length
      if (bytes >= bytesMax) break
    }
    return found
  }

  /** Every entry from `seq` on, one at a time: for folds over a whole auction. */
  all(auctionId: string, seq: number): AsyncIterable<LedgerDocument> {
    return this.#collection.find(sequences(auctionId, seq)).sort({ _id: 1 }).batchSize(100)
  }

  /** The entries that hold any of these bids. */
  async holding(auctionId: string, keys: string[]): Promise<LedgerDocument[]> {
    return await this.#collection
      .find({ '_id.auctionId': auctionId, keys: { $in: keys } } as Filter<LedgerDocument>)
      .toArray()
  }

  /** Which of these (auctionId, seq) exist. One query on the primary key, for the sweep. */
  async existing(ids: { auctionId: string; seq: number }[]): Promise<Set<string>> {
    const found = await this.#collection.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray()
    return new Set(found.map((one) => one._id.auctionId))
  }
}

const sequences = (auctionId: string, from: number): Filter<LedgerDocument> => ({
  _id: { $gte: { auctionId, seq: from }, $lte: { auctionId, seq: Number.MAX_SAFE_INTEGER } }
})
