import { randomBytes } from 'node:crypto'
import type { Auction, BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { currentTraceparent } from '@gavel/platform/telemetry.ts'
import type { Terms } from './domain/auction.ts'
import { isSealed, standingAtOpening } from './domain/auction.ts'
import { checkForm, open, termsFrom, type BidForm, type OpenCommand } from './domain/open.ts'
import { Books, type BooksLimits } from './book/books.ts'
import type { BookMeasures, Committed } from './book/book.ts'
import { decidedIn } from './book/decided-bids.ts'
import type { DecidedBid } from './book/recent-bids.ts'
import type { Credit } from './credit.ts'
import { RecentBids } from './book/recent-bids.ts'
import { isSameBid } from './book/waiting-bids.ts'
import type { WaitingLimits } from './book/waiting-bids.ts'
import { auctionView, viewOfEntry } from './book/view.ts'
import { canonicalize } from './ledger/canonical.ts'
import { draftOpening, keyOf, type Draft } from './ledger/entry.ts'
import type { ServedEntry } from './ledger/form.ts'
import { Seal, type SealingKeys } from './ledger/seal.ts'
import { isLaidOpen, servedEntry } from './ledger/serve.ts'
import type { Auctions, Page } from './store/auctions.ts'
import type { Ledger } from './store/ledger.ts'

export interface HouseLimits extends WaitingLimits, BooksLimits {
  recentBidsMax: number
  /** A page of a ledger holds no more than about this. */
  pageBytesMax: number
}

export interface HouseParts {
  ledger: Ledger
  auctions: Auctions
  sealing: SealingKeys | null
  credit: Credit
  clock: () => number
  limits: HouseLimits
  measures: BookMeasures
  onCommitted: (committed: Committed) => void
}

/** Everything one can do with auctions, without HTTP: the routes, the WebSocket and the scheduler call this. */
export class House {
  readonly books: Books
  readonly #parts: HouseParts

  constructor(parts: HouseParts) {
    this.#parts = parts
    this.books = new Books(
      { ...parts, recent: new RecentBids(parts.limits.recentBidsMax), onLoaded: (view) => parts.auctions.add(view) },
      parts.limits
    )
  }

  /** The ledger first, then the listing: an auction that only its ledger knows is listed when it is opened again or bid for. */
  async open(command: OpenCommand): Promise<Auction> {
    const now = this.#parts.clock()
    const before = await this.#openedBefore(command)
    if (before) return before
    const opening = open(command, now)
    if ('refusal' in opening) throw refusalOf(opening)
    const draft = draftOpening(opening.terms, now, randomBytes(16).toString('hex'), this.#newSeal(opening.terms))
    const traceparent = currentTraceparent()
    if (traceparent !== undefined) draft.document.traceparent = traceparent
    if ((await this.#parts.ledger.append(draft.document)) !== 'appended') {
      const other = await this.#openedBefore(command)
      if (!other) throw new Refusal('UNAVAILABLE')
      return other
    }
    const view = viewOfDraft(opening.terms, draft, now)
    await this.#parts.auctions.add(view)
    this.#parts.onCommitted({ terms: opening.terms, draft, view })
    return { ...view, watchers: 0 }
  }

  #newSeal(terms: Terms): { keyHash: string; sealedKey: string } | undefined {
    if (!isSealed(terms.mode)) return undefined
    const { sealing } = this.#parts
    if (!sealing) throw new Refusal('SEALED_BIDS_UNAVAILABLE')
    const seal = new Seal(terms.auctionId)
    return { keyHash: seal.keyHash, sealedKey: sealing.wrap(seal) }
  }

  /** The same auction opened again is the same auction; with other terms it is refused. */
  async #openedBefore(command: OpenCommand): Promise<Auction | undefined> {
    if (!(await this.#parts.ledger.first(command.auctionId))) return undefined
    const { terms } = await this.books.of(command.auctionId)
    const wanted = termsFrom(command, command.startsAt ?? terms.startsAt)
    if (canonicalize(wanted) !== canonicalize(terms)) throw new Refusal('AUCTION_EXISTS')
    return await this.read(command.auctionId)
  }

  async place(auctionId: string, userId: string, bid: BidForm & { bidId: string }): Promise<BidReceipt> {
    const book = this.books.held(auctionId) ?? (await this.books.of(auctionId))
    const form = checkForm(book.terms, bid)
    if ('refusal' in form) throw refusalOf(form)
    const { credit } = this.#parts
    const command = {
      userId,
      bidId: bid.bidId,
      amountMinor: bid.amountMinor,
      quantity: form.quantity,
      traceparent: currentTraceparent()
    }
    if (!credit.isLimited(userId, book.terms.currency)) return await book.place(command)
    return await credit.within(book.terms, command, {
      place: async () => await book.place(command),
      decidedBefore: async () => {
        const before = await this.#decided(auctionId, userId, bid.bidId)
        if (before && !isSameBid(before, command)) throw new Refusal('BID_ID_REUSED')
        return before?.receipt
      }
    })
  }

  async close(auctionId: string): Promise<Auction> {
    return await (await this.books.of(auctionId)).close()
  }

  async cancel(auctionId: string, reason: string, by: string): Promise<Auction> {
    return await (await this.books.of(auctionId)).cancel(reason, by)
  }

  async extend(auctionId: string, endsAt: number, by: string): Promise<Auction> {
    return await (await this.books.of(auctionId)).extend(endsAt, by)
  }

  async closeWhenDue(auctionId: string): Promise<Auction> {
    return await (await this.books.of(auctionId)).closeWhenDue()
  }

  /** As the ledger has it now, whichever process wrote it. */
  async read(auctionId: string): Promise<Auction> {
    const { terms } = await this.books.of(auctionId)
    const { ledger, auctions, clock } = this.#parts
    const [last, watchers] = await Promise.all([ledger.last(auctionId), auctions.watchersOf(auctionId)])
    if (!last) throw new Refusal('AUCTION_NOT_FOUND')
    return { ...viewOfEntry(terms, last, clock()), watchers }
  }

  async list(page: Page): Promise<Auction[]> {
    return await this.#parts.auctions.list(page, this.#parts.clock())
  }

  async receipt(auctionId: string, userId: string, bidId: string): Promise<BidReceipt> {
    const found = await this.#decided(auctionId, userId, bidId)
    if (!found) throw new Refusal('BID_NOT_FOUND')
    return found.receipt
  }

  async #decided(auctionId: string, userId: string, bidId: string): Promise<DecidedBid | undefined> {
    const { terms, seal } = await this.books.of(auctionId)
    const key = keyOf(userId, bidId)
    return decidedIn(terms, await this.#parts.ledger.holding(auctionId, [key]), seal).get(key)
  }

  /** The public chain. What was secret is laid open once nothing can be appended any more. */
  async ledgerPage(
    auctionId: string,
    from: number,
    limit: number
  ): Promise<{ entries: ServedEntry[]; nextFrom?: number }> {
    const { ledger, limits } = this.#parts
    const last = await ledger.last(auctionId)
    if (!last) throw new Refusal('AUCTION_NOT_FOUND')
    const documents = await ledger.from(auctionId, from, limit, limits.pageBytesMax)
    const { terms, seal } = await this.books.of(auctionId)
    const laidOpen = isLaidOpen(terms, last)
    const entries = documents.map((document) => servedEntry(document, laidOpen, seal))
    const reached = documents.at(-1)?._id.seq
    return reached !== undefined && reached < last._id.seq ? { entries, nextFrom: reached + 1 } : { entries }
  }
}

const refusalOf = ({
  refusal,
  detail
}: {
  refusal: ConstructorParameters<typeof Refusal>[0]
  detail?: string
}): Refusal => new Refusal(refusal, detail === undefined ? {} : { detail })

const viewOfDraft = (terms: Terms, { entry, document }: Draft, now: number): Auction =>
  auctionView(terms, standingAtOpening(terms), null, { sequence: entry.sequence, hash: document.hash }, now)
