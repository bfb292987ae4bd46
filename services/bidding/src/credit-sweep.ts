import type { Change } from './credit-changes.ts'
import type { Credit } from './credit.ts'
import { isOneLot, isSealed, orderNumberOf, type Terms } from './domain/auction.ts'
import { bind, isExpired, letGo, placeOf, sold, type Account, type Pending } from './domain/credit.ts'
import type { House } from './house.ts'
import { userOfKey } from './ledger/entry.ts'
import { amountsOf, entryOf, secretsOf } from './ledger/read.ts'
import type { Seal } from './ledger/seal.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import { userOfAccount, type Accounts } from './store/accounts.ts'
import type { Auctions } from './store/auctions.ts'
import type { Ledger } from './store/ledger.ts'

export interface SweepParts {
  credit: Credit
  accounts: Accounts
  auctions: Auctions
  ledger: Ledger
  house: House
  clock: () => number
}

const ACCOUNTS_AT_ONCE = 200

/**
 * Puts right what a crash left: a bid that was reserved for and whose outcome nobody noted, a hold on an auction that has ended
 * or where another leads. It asks the ledgers, which know; until then too much is held, never too little.
 */
export class CreditSweep {
  readonly #parts: SweepParts
  #afterId = ''

  constructor(parts: SweepParts) {
    this.#parts = parts
  }

  async work(): Promise<void> {
    const { accounts, credit, clock } = this.#parts
    await credit.refresh()
    if (!credit.isInUse) return
    for (const id of await accounts.expired(clock(), ACCOUNTS_AT_ONCE)) await this.#resolvePending(id)
    const bound = await accounts.bound(this.#afterId, ACCOUNTS_AT_ONCE)
    this.#afterId = bound.length < ACCOUNTS_AT_ONCE ? '' : (bound.at(-1)?.id ?? '')
    const byAuction = new Map<string, string[]>()
    for (const { id, auctionIds } of bound) {
      for (const auctionId of auctionIds) byAuction.set(auctionId, [...(byAuction.get(auctionId) ?? []), id])
    }
    for (const [auctionId, ids] of byAuction) await this.#compare(auctionId, ids)
  }

  /** The auction as its ledger has it now, for everybody who is bound to it. */
  async #compare(auctionId: string, ids: string[]): Promise<void> {
    const { house, ledger, credit } = this.#parts
    const last = await ledger.last(auctionId)
    if (!last) return
    const { terms } = await house.books.of(auctionId)
    const entry = entryOf(last)
    if (entry.closing) return await credit.ended(terms, last, entry)
    if (terms.mode !== 'english') return
    const place = placeOf(entry.sequence)
    for (const id of ids) {
      const isLeader = userOfAccount(id) === last.leader
      const amountMinor = isLeader ? secretsOf(last).maximumMinor * terms.quantity : 0
      await credit.changes.make(id, (account) => rebind(account, { auctionId, amountMinor, place }))
    }
  }

  async #resolvePending(id: string): Promise<void> {
    const { accounts, credit, clock } = this.#parts
    const now = clock()
    const account = (await accounts.read([id])).get(id)?.account
    for (const pending of account?.pending ?? []) {
      if (!isExpired(pending, now)) continue
      const learned = await this.#learned(userOfAccount(id), pending)
      await credit.changes.make(id, (current) => letGo(learned(current) ?? current, pending.token))
    }
  }

  /** What became of a bid, from the ledger. */
  async #learned(userId: string, pending: Pending): Promise<Change> {
    const { house, ledger } = this.#parts
    try {
      const { terms, seal } = await house.books.of(pending.auctionId)
      const last = await ledger.last(terms.auctionId)
      // An auction that has ended is compared as a whole.
      if (!last || (isOneLot(terms.mode) && entryOf(last).closing)) return (account) => account
      if (isSealed(terms.mode)) return await this.#lastSealed(userId, terms, seal)
      if (terms.mode === 'english') {
        const amountMinor = last.leader === userId ? secretsOf(last).maximumMinor * terms.quantity : 0
        const hold = { auctionId: terms.auctionId, amountMinor, place: placeOf(last._id.seq) }
        return (account) => bind(account, hold)
      }
      return await this.#salesSince(userId, terms, pending.madeAt)
    } catch (error) {
      // A reservation for an auction that is not there.
      if (error instanceof Refusal && error.code === 'AUCTION_NOT_FOUND') return (account) => account
      throw error
    }
  }

  async #lastSealed(userId: string, terms: Terms, seal: Seal | null): Promise<Change> {
    let hold = { auctionId: terms.auctionId, amountMinor: 0, place: -1 }
    for await (const document of this.#parts.ledger.all(terms.auctionId, 1)) {
      const amounts = amountsOf(document, seal)
      entryOf(document).bids?.forEach((bid, index) => {
        if (bid.code !== undefined || userOfKey(document.keys?.[index] ?? '') !== userId) return
        const amountMinor = (amounts[index] ?? 0) * terms.quantity
        hold = { auctionId: terms.auctionId, amountMinor, place: placeOf(document._id.seq, index) }
      })
    }
    return (account) => bind(account, hold)
  }

  /** Only sales as new as the reservation: the end of an older one may be forgotten. */
  async #salesSince(userId: string, terms: Terms, madeAt: number): Promise<Change> {
    const sales: [orderNumber: string, amountMinor: number][] = []
    for await (const document of this.#parts.ledger.all(terms.auctionId, 1)) {
      const entry = entryOf(document)
      if (entry.at < madeAt) continue
      entry.bids?.forEach((bid, index) => {
        if (bid.sale === undefined || userOfKey(document.keys?.[index] ?? '') !== userId) return
        sales.push([orderNumberOf(terms.auctionId, bid.sale), terms.openingPriceMinor * bid.quantity])
      })
    }
    return (account) =>
      sales.reduce((next, [orderNumber, amountMinor]) => sold(next, orderNumber, amountMinor), account)
  }
}

/** The same as before needs no write. */
function rebind(account: Account, hold: { auctionId: string; amountMinor: number; place: number }): Account {
  const present = account.holds.find(({ auctionId }) => auctionId === hold.auctionId)
  return (present?.amountMinor ?? 0) === hold.amountMinor ? account : bind(account, hold)
}
