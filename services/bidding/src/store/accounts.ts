import type { Collection, Db } from 'mongodb'
import type { Account } from '../domain/credit.ts'
import type { SealingKeys } from '../ledger/seal.ts'
import { amountsFromBytes, bytesOfAmounts } from '../ledger/seal.ts'

/** Amounts lie together and, where there is a sealing key, encrypted: what a sealed bid holds would tell it. */
interface AccountDocument {
  /** `<userId>:<currency>`. */
  _id: string
  version: number
  /** Who wrote this version, to know one's own. */
  writer: string
  limitMinor?: number | null
  limitSetAt?: number
  holds: { auctionId: string; place: number }[]
  pending: { auctionId: string; token: string; kind: 'lot' | 'pieces'; madeAt: number; until: number }[]
  sales: { orderNumber: string }[]
  ended: { orderNumber: string; at: number }[]
  /** The amounts of holds, pending and sales, in this order. */
  amounts: string
  /** Auctions that bind or may bind him. */
  auctionIds: string[]
  /** When the first of `pending` expires; absent where there is none. */
  expiresAt?: number
}

export interface Stored {
  version: number
  account: Account
}

export interface Written extends Stored {
  id: string
  limitSetAt?: number
}

const DUPLICATE_KEY = 11000
const PLAIN = 'plain'

export const accountIdOf = (userId: string, currency: string): string => `${userId}:${currency}`
export const userOfAccount = (id: string): string => id.slice(0, id.lastIndexOf(':'))
export const currencyOfAccount = (id: string): string => id.slice(id.lastIndexOf(':') + 1)

export class Accounts {
  readonly #collection: Collection<AccountDocument>
  readonly #sealing: SealingKeys | null

  constructor(db: Db, sealing: SealingKeys | null) {
    this.#collection = db.collection('accounts', {
      writeConcern: { w: 'majority', journal: true },
      readConcern: { level: 'majority' },
      readPreference: 'primary'
    })
    this.#sealing = sealing
  }

  async createIndexes(): Promise<void> {
    await this.#collection.createIndexes([
      { key: { auctionIds: 1 }, name: 'bound' },
      { key: { expiresAt: 1 }, name: 'expiring', sparse: true },
      { key: { limitSetAt: 1 }, name: 'limits', sparse: true }
    ])
  }

  /** Those that exist. */
  async read(ids: readonly string[]): Promise<Map<string, Stored>> {
    const found = await this.#collection.find({ _id: { $in: [...ids] } }).toArray()
    return new Map(
      found.map((document) => [document._id, { version: document.version, account: this.#account(document) }])
    )
  }

  async ofUser(userId: string): Promise<{ currency: string; account: Account }[]> {
    // Every currency has three letters, so the ids of one user lie between these.
    const found = await this.#collection.find({ _id: { $gte: `${userId}:AAA`, $lte: `${userId}:ZZZ` } }).toArray()
    return found.map((document) => ({ currency: currencyOfAccount(document._id), account: this.#account(document) }))
  }

  /** Writes each whose version is still the one it was read with (0: did not exist), in one round trip. Says which. */
  async write(accounts: readonly Written[], writer: string): Promise<Set<string>> {
    const operations = accounts.map((written) => ({
      updateOne: {
        filter: { _id: written.id, version: written.version },
        update: { $set: this.#document(written, writer) },
        upsert: written.version === 0
      }
    }))
    let isWhole = false
    try {
      const { matchedCount, upsertedCount } = await this.#collection.bulkWrite(operations, { ordered: false })
      isWhole = matchedCount + upsertedCount === accounts.length
    } catch (error) {
      // Two made the account at once.
      if ((error as { code?: unknown }).code !== DUPLICATE_KEY) throw error
    }
    if (isWhole) return new Set(accounts.map(({ id }) => id))
    const own = await this.#collection
      .find({ _id: { $in: accounts.map(({ id }) => id) }, writer }, { projection: { _id: 1 } })
      .toArray()
    return new Set(own.map(({ _id }) => _id))
  }

  /** Limits that admins have set, since a moment. */
  async limitsSince(at: number): Promise<{ id: string; limitMinor: number | null; setAt: number }[]> {
    const found = await this.#collection
      .find({ limitSetAt: { $gt: at } }, { projection: { limitMinor: 1, limitSetAt: 1 } })
      .toArray()
    return found.map(({ _id, limitMinor, limitSetAt }) => ({
      id: _id,
      limitMinor: limitMinor ?? null,
      setAt: limitSetAt ?? 0
    }))
  }

  async boundTo(auctionId: string): Promise<string[]> {
    const found = await this.#collection.find({ auctionIds: auctionId }, { projection: { _id: 1 } }).toArray()
    return found.map(({ _id }) => _id)
  }

  /** Auctions in which something has expired, and those that the next accounts after `afterId` are bound to. */
  async expired(now: number, limit: number): Promise<string[]> {
    const found = await this.#collection
      .find({ expiresAt: { $lte: now } }, { projection: { _id: 1 } })
      .limit(limit)
      .toArray()
    return found.map(({ _id }) => _id)
  }

  /** Accounts with something bound, in the order of their ids from `afterId` on. */
  async bound(afterId: string, limit: number): Promise<{ id: string; auctionIds: string[] }[]> {
    const found = await this.#collection
      .find({ _id: { $gt: afterId }, 'auctionIds.0': { $exists: true } }, { projection: { auctionIds: 1 } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray()
    return found.map(({ _id, auctionIds }) => ({ id: _id, auctionIds }))
  }

  #account({ _id, limitMinor, holds, pending, sales, ended, amounts }: AccountDocument): Account {
    const all = this.#show(_id, amounts).values()
    const next = (): number => all.next().value ?? 0
    return {
      ...(limitMinor !== undefined && { limitMinor }),
      holds: holds.map((hold) => ({ ...hold, amountMinor: next() })),
      pending: pending.map((one) => ({ ...one, amountMinor: next() })),
      sales: sales.map((one) => ({ ...one, amountMinor: next() })),
      ended
    }
  }

  #document({ id, version, account, limitSetAt }: Written, writer: string): Omit<AccountDocument, '_id'> {
    const { holds, pending, sales, ended, limitMinor } = account
    const amounts = [...holds, ...pending, ...sales].map(({ amountMinor }) => amountMinor)
    return {
      version: version + 1,
      writer,
      ...(limitMinor !== undefined && { limitMinor }),
      ...(limitSetAt !== undefined && { limitSetAt }),
      holds: holds.map(({ auctionId, place }) => ({ auctionId, place })),
      pending: pending.map(({ auctionId, token, kind, madeAt, until }) => ({ auctionId, token, kind, madeAt, until })),
      sales: sales.map(({ orderNumber }) => ({ orderNumber })),
      ended,
      amounts: this.#hide(id, amounts),
      auctionIds: [...new Set([...holds, ...pending].map(({ auctionId }) => auctionId))],
      // No pending: so far away that the index never finds it.
      expiresAt: Math.min(Number.MAX_SAFE_INTEGER, ...pending.map(({ until }) => until))
    }
  }

  #hide(id: string, amountsMinor: number[]): string {
    return this.#sealing
      ? this.#sealing.hide(id, bytesOfAmounts(amountsMinor))
      : `${PLAIN}:${bytesOfAmounts(amountsMinor).toString('base64')}`
  }

  #show(id: string, amounts: string): number[] {
    if (amounts.startsWith(`${PLAIN}:`)) return amountsFromBytes(Buffer.from(amounts.slice(PLAIN.length + 1), 'base64'))
    if (!this.#sealing) throw new Error(`The account ${id} was written with a SEALING_KEY, and there is none`)
    return amountsFromBytes(this.#sealing.show(id, amounts))
  }
}
