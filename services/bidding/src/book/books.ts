import type { Auction } from '@gavel/contracts/api/bidding.ts'
import { Fault, Refusal } from '@gavel/platform/errors.ts'
import type { LedgerDocument } from '../ledger/entry.ts'
import type { Seal, SealingKeys } from '../ledger/seal.ts'
import { entryOf } from '../ledger/read.ts'
import { Book, type BookParts } from './book.ts'
import { eachPurchase } from './decided-bids.ts'

export interface BooksLimits {
  /** Auctions held in memory. An idle one makes room for a new one; it is read again when it is wanted. */
  booksMax: number
}

export interface BooksParts extends BookParts {
  /** Null where the platform has none: auctions of sealed bids cannot be taken in hand. */
  sealing: SealingKeys | null
  onLoaded: (view: Auction) => Promise<void>
}

/** The auctions that this process has in hand. */
export class Books {
  readonly #parts: BooksParts
  readonly #limits: BooksLimits
  readonly #held = new Map<string, Book>()
  readonly #loading = new Map<string, Promise<Book>>()

  constructor(parts: BooksParts, limits: BooksLimits) {
    this.#parts = parts
    this.#limits = limits
  }

  get size(): number {
    return this.#held.size
  }

  /** Without a promise, for the hot path. */
  held(auctionId: string): Book | undefined {
    const book = this.#held.get(auctionId)
    if (book) book.used = true
    return book
  }

  /** Throws AUCTION_NOT_FOUND. Callers that come at once share one reading. */
  async of(auctionId: string): Promise<Book> {
    const held = this.held(auctionId)
    if (held) return held
    const loading = this.#loading.get(auctionId)
    if (loading) return await loading
    const promise = this.#load(auctionId)
    this.#loading.set(auctionId, promise)
    try {
      return await promise
    } finally {
      this.#loading.delete(auctionId)
    }
  }

  /** Everything that waits is decided: for the end of the process. */
  async drain(isDone: () => boolean = () => false): Promise<void> {
    while (!isDone() && [...this.#held.values()].some((book) => !book.idle)) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async #load(auctionId: string): Promise<Book> {
    const { ledger } = this.#parts
    const [first, last] = await Promise.all([ledger.first(auctionId), ledger.last(auctionId)])
    if (!first || !last) throw new Refusal('AUCTION_NOT_FOUND')
    const isLimited = entryOf(first).terms?.quantityPerBuyer !== null && entryOf(first).terms?.mode === 'fixed-price'
    const book = isLimited
      ? await this.#withPurchases(first)
      : new Book(this.#parts, { first, last, seal: this.#sealOf(first) }, null)
    await this.#parts.onLoaded(book.view())
    this.#makeRoom()
    this.#held.set(auctionId, book)
    return book
  }

  /** The figures of each buyer are not in any one entry: they are added up from all of them. */
  async #withPurchases(first: LedgerDocument): Promise<Book> {
    const purchases = new Map<string, number>()
    let last = first
    for await (const document of this.#parts.ledger.all(first._id.auctionId, 1)) {
      eachPurchase(document, (userId, quantity) => purchases.set(userId, (purchases.get(userId) ?? 0) + quantity))
      last = document
    }
    return new Book(this.#parts, { first, last, seal: null }, purchases)
  }

  #sealOf({ _id, sealedKey }: LedgerDocument): Seal | null {
    if (sealedKey === undefined) return null
    if (!this.#parts.sealing)
      throw new Fault(`The bids of ${_id.auctionId} are sealed, and there is no SEALING_KEY`, { retryable: false })
    return this.#parts.sealing.unwrap(_id.auctionId, sealedKey)
  }

  /** Second chance: a book used since the last round stays for this one. */
  #makeRoom(): void {
    for (let round = 0; round < 2 && this.#held.size >= this.#limits.booksMax; round += 1) {
      for (const [auctionId, book] of this.#held) {
        if (this.#held.size < this.#limits.booksMax) return
        if (!book.idle) continue
        if (book.used) book.used = false
        else this.#held.delete(auctionId)
      }
    }
    if (this.#held.size >= this.#limits.booksMax) {
      throw new Refusal('UNAVAILABLE', { detail: 'Too many auctions are in use at once', retryAfterMs: 1000 })
    }
  }
}
