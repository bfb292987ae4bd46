import { randomUUID } from 'node:crypto'
import type { CreditAccount, CreditLimit } from '@gavel/contracts/api/bidder.ts'
import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Logger } from '@gavel/platform/log.ts'
import type { Committed } from './book/book.ts'
import { CreditChanges, type Change } from './credit-changes.ts'
import { isOneLot, isSealed, orderNumberOf, type Terms } from './domain/auction.ts'
import {
  bind,
  heldMinor,
  isBlank,
  letGo,
  placeOf,
  reserve,
  saleEnded,
  sold,
  unbind,
  type Pending
} from './domain/credit.ts'
import { userOfKey, type LedgerDocument } from './ledger/entry.ts'
import type { PublicEntry } from './ledger/form.ts'
import { accountIdOf, type Accounts } from './store/accounts.ts'

export interface CreditLimits {
  /** What a bidder may hold in a currency where no admin has said otherwise; null is no limit. */
  defaultMinor: number | null
  /** How long a bid may be on its way into a ledger: well above the time in which a commit is given up. */
  pendingMs: number
}

export interface CreditParts {
  accounts: Accounts
  clock: () => number
  log: Logger
  limits: CreditLimits
}

/** Limits are read again from a little before the last one that is known: clocks of processes differ. */
const CLOCK_TOLERANCE_MS = 60_000

/**
 * Holds on bidders' limits, across auctions and processes (docs/adr/0017). A bid of a limited bidder reserves what it may come
 * to before it joins its auction, so that ledgers and everybody else's bids know nothing of limits; a bidder without a limit
 * costs one look into a map.
 */
export class Credit {
  readonly changes: CreditChanges
  readonly #parts: CreditParts
  readonly #limits = new Map<string, number | null>()
  #limitsFrom = 0

  constructor(parts: CreditParts) {
    this.#parts = parts
    this.changes = new CreditChanges(parts.accounts)
  }

  get isInUse(): boolean {
    return this.#limits.size > 0 || this.#parts.limits.defaultMinor !== null
  }

  isLimited(userId: string, currency: string): boolean {
    if (!this.isInUse) return false
    const own = this.#limits.get(accountIdOf(userId, currency))
    return (own === undefined ? this.#parts.limits.defaultMinor : own) !== null
  }

  /** Learns of limits that other processes have set. */
  async refresh(): Promise<void> {
    for (const { id, limitMinor, setAt } of await this.#parts.accounts.limitsSince(
      this.#limitsFrom - CLOCK_TOLERANCE_MS
    )) {
      this.#limits.set(id, limitMinor)
      this.#limitsFrom = Math.max(this.#limitsFrom, setAt)
    }
  }

  async setLimit({ userId, currency, limitMinor }: CreditLimit): Promise<void> {
    const id = accountIdOf(userId, currency)
    await this.changes.make(id, (account) => ({ ...account, limitMinor }), this.#parts.clock())
    this.#limits.set(id, limitMinor)
  }

  async mine(userId: string): Promise<CreditAccount[]> {
    const { accounts, limits } = this.#parts
    return (await accounts.ofUser(userId)).map(({ currency, account }) => ({
      currency,
      limitMinor: account.limitMinor === undefined ? limits.defaultMinor : account.limitMinor,
      heldMinor: heldMinor(account)
    }))
  }

  /**
   * Places a limited bidder's bid with its amount held. Beyond the limit it is refused before it reaches the ledger, which is
   * public and no place for what somebody can afford; a bid that was decided before gets its receipt whatever the limit says.
   */
  async within(
    terms: Terms,
    bid: { userId: string; amountMinor: number; quantity: number },
    { place, decidedBefore }: { place: () => Promise<BidReceipt>; decidedBefore: () => Promise<BidReceipt | undefined> }
  ): Promise<BidReceipt> {
    const id = accountIdOf(bid.userId, terms.currency)
    const pending = this.#pendingOf(terms, bid)
    if (!(await this.changes.make(id, (account) => reserve(account, pending, this.#parts.limits.defaultMinor)))) {
      const before = await decidedBefore()
      if (before) return before
      throw new Refusal('CREDIT_LIMIT_EXCEEDED')
    }
    let receipt: BidReceipt
    try {
      receipt = await place()
    } catch (error) {
      // After a fault the bid may still be on its way: then the sweep finds out.
      if (error instanceof Refusal) this.#soon(id, (account) => letGo(account, pending.token))
      throw error
    }
    this.#soon(id, (account) => letGo(this.#afterReceipt(account, terms, pending, receipt), pending.token))
    return receipt
  }

  /** Holds an amount outside any ledger: an accepted offer is a sale at once. False beyond the limit. */
  async hold(sale: Sale): Promise<boolean> {
    if (!this.isLimited(sale.userId, sale.currency)) return true
    const { limits, clock } = this.#parts
    const terms = { auctionId: sale.auctionId, mode: 'fixed-price' as const, openingPriceMinor: sale.unitPriceMinor }
    const pending = this.#pendingOf(terms, { amountMinor: sale.unitPriceMinor, quantity: sale.quantity })
    return await this.changes.make(accountIdOf(sale.userId, sale.currency), (account) => {
      // The same acceptance again.
      if (account.sales.some(({ orderNumber }) => orderNumber === sale.orderNumber)) return account
      const reserved = reserve(account, { ...pending, madeAt: clock() }, limits.defaultMinor)
      return reserved && sold(letGo(reserved, pending.token), sale.orderNumber, sale.totalMinor)
    })
  }

  #pendingOf(
    terms: Pick<Terms, 'auctionId' | 'mode' | 'openingPriceMinor'>,
    { amountMinor, quantity }: { amountMinor: number; quantity: number }
  ): Pending {
    const { clock, limits } = this.#parts
    const madeAt = clock()
    const isLot = isOneLot(terms.mode)
    return {
      auctionId: terms.auctionId,
      token: randomUUID(),
      amountMinor: (isLot ? amountMinor : terms.openingPriceMinor) * quantity,
      kind: isLot ? 'lot' : 'pieces',
      madeAt,
      until: madeAt + limits.pendingMs
    }
  }

  /** English bids bind by where the whole entry left them, see {@link committed}. */
  #afterReceipt(account: Parameters<Change>[0], terms: Terms, { amountMinor }: Pending, receipt: BidReceipt) {
    if (receipt.outcome !== 'accepted') return account
    if (isSealed(terms.mode)) {
      const place = placeOf(receipt.sequence, receipt.index)
      return bind(account, { auctionId: terms.auctionId, amountMinor, place })
    }
    // A receipt of long ago: that sale may have ended, and be forgotten.
    const isFresh = this.#parts.clock() - receipt.decidedAt < this.#parts.limits.pendingMs
    return receipt.orderNumber !== undefined && isFresh ? sold(account, receipt.orderNumber, amountMinor) : account
  }

  /** An entry is durable. Runs once an entry and costs nothing where nobody in it has a limit. */
  committed({ terms, draft: { document, entry, secrets } }: Committed): void {
    if (!this.isInUse) return
    const { auctionId, currency } = terms
    if (entry.closing) {
      this.#quietly(this.ended(terms, document, entry))
      return
    }
    if (terms.mode !== 'english' || !entry.bids) return
    const place = placeOf(entry.sequence)
    const { leader } = document
    if (
      leader !== null &&
      this.isLimited(leader, currency) &&
      document.keys?.some((key) => userOfKey(key) === leader)
    ) {
      const amountMinor = secrets.maximumMinor * terms.quantity
      this.#soon(accountIdOf(leader, currency), (account) => bind(account, { auctionId, amountMinor, place }))
    }
    for (const userId of document.outbid ?? []) {
      if (!this.isLimited(userId, currency)) continue
      this.#soon(accountIdOf(userId, currency), (account) => bind(account, { auctionId, amountMinor: 0, place }))
    }
  }

  /** The end of an auction lets go of everybody, and binds its winner to the sale. */
  async ended(terms: Terms, document: LedgerDocument, entry: PublicEntry): Promise<void> {
    const { auctionId, currency, quantity } = terms
    const { closing } = entry
    const bound = new Set(await this.#parts.accounts.boundTo(auctionId))
    const winner = closing && closing.sale > 0 ? document.leader : null
    const id = winner === null ? '' : accountIdOf(winner, currency)
    // Bound without a limit that is known here: another process has set it a moment ago.
    if (closing && winner !== null && (bound.has(id) || this.isLimited(winner, currency))) {
      bound.delete(id)
      const orderNumber = orderNumberOf(auctionId, closing.sale)
      await this.changes.make(id, (account) =>
        sold(unbind(account, auctionId), orderNumber, closing.priceMinor * quantity)
      )
    }
    await Promise.all(
      [...bound].map(async (id) => await this.changes.make(id, (account) => unbind(account, auctionId)))
    )
  }

  /**
   * Paid or failed. The account itself says whether there is anything to let go: a limit that another process has just set, or
   * that was taken away since, is not known here.
   */
  async saleEnded({ userId, currency, orderNumber }: Sale): Promise<void> {
    const now = this.#parts.clock()
    const isLimited = this.isLimited(userId, currency)
    await this.changes.make(accountIdOf(userId, currency), (account) =>
      isBlank(account) && !isLimited ? account : saleEnded(account, orderNumber, now)
    )
  }

  #soon(id: string, change: Change): void {
    this.#quietly(this.changes.make(id, change))
  }

  /** What is held too long is found by the sweep. */
  #quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) =>
      this.#parts.log.warn({ error }, 'A hold on credit could not be moved on; the sweep will')
    )
  }
}
