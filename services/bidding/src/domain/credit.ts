/**
 * A bidder's account in one currency: what his bids hold of his limit. Pure, and changed only as a whole, so that a conditional
 * write of the whole account is all that two processes need (docs/adr/0017).
 */
export interface Account {
  /** Set by an admin; null is none. Undefined: the platform's default. */
  limitMinor?: number | null
  /** For each auction, what the bidder is bound to there. Zero is kept: it says how new that knowledge is. */
  holds: Hold[]
  /** Reserved for bids that are on their way into a ledger. */
  pending: Pending[]
  /** Sold to him, neither paid nor failed yet. */
  sales: { orderNumber: string; amountMinor: number }[]
  /** Sales that have ended; one may end before its hold is made. */
  ended: { orderNumber: string; at: number }[]
}

export interface Hold {
  auctionId: string
  amountMinor: number
  /** Where in the ledger it comes from, see {@link placeOf}: older news never overwrite newer ones. */
  place: number
}

export interface Pending {
  auctionId: string
  token: string
  amountMinor: number
  /** `lot`: takes the place of what the bidder holds in that auction. `pieces`: comes on top. */
  kind: 'lot' | 'pieces'
  madeAt: number
  /** From then on it is no longer on its way: either its entry is in the ledger, or it never will be. */
  until: number
}

export const emptyAccount = (): Account => ({ holds: [], pending: [], sales: [], ended: [] })

const ENTRY_BIDS = 10_000
const ENDED_KEPT_MS = 24 * 3_600_000

/** Nobody has ever said or held anything here. */
export const isBlank = ({ limitMinor, holds, pending, sales, ended }: Account): boolean =>
  limitMinor === undefined && holds.length + pending.length + sales.length + ended.length === 0

/** The place of one bid in a ledger; without an index, of the whole entry. */
export const placeOf = (sequence: number, index = ENTRY_BIDS - 1): number => sequence * ENTRY_BIDS + index

export function heldMinor({ holds, pending, sales }: Account): number {
  const lots = new Map(holds.map(({ auctionId, amountMinor }) => [auctionId, amountMinor]))
  let held = 0
  for (const { auctionId, amountMinor, kind } of pending) {
    if (kind === 'pieces') held += amountMinor
    else lots.set(auctionId, Math.max(lots.get(auctionId) ?? 0, amountMinor))
  }
  for (const amountMinor of lots.values()) held += amountMinor
  for (const { amountMinor } of sales) held += amountMinor
  return held
}

/** Holds what a bid may come to before it is placed; null where that is beyond the limit. */
export function reserve(account: Account, pending: Pending, defaultLimitMinor: number | null): Account | null {
  const limit = account.limitMinor === undefined ? defaultLimitMinor : account.limitMinor
  const reserved = { ...account, pending: [...account.pending, pending] }
  return limit === null || heldMinor(reserved) <= limit ? reserved : null
}

/** The bid has its answer. */
export const letGo = (account: Account, token: string): Account => ({
  ...account,
  pending: account.pending.filter((one) => one.token !== token)
})

/** What the ledger says that the bidder is bound to in an auction; zero when he is no longer. */
export function bind(account: Account, hold: Hold): Account {
  const present = account.holds.find(({ auctionId }) => auctionId === hold.auctionId)
  if (present && present.place >= hold.place) return account
  return { ...account, holds: [...without(account.holds, hold.auctionId), hold] }
}

/** The auction is over: nothing is bound there any more. What was sold is a matter of {@link sold}. */
export const unbind = (account: Account, auctionId: string): Account => ({
  ...account,
  holds: without(account.holds, auctionId)
})

const without = (holds: Hold[], auctionId: string): Hold[] => holds.filter((one) => one.auctionId !== auctionId)

export function sold(account: Account, orderNumber: string, amountMinor: number): Account {
  const isKnown = [...account.sales, ...account.ended].some((one) => one.orderNumber === orderNumber)
  return isKnown ? account : { ...account, sales: [...account.sales, { orderNumber, amountMinor }] }
}

/** Paid or failed: either way it holds no credit any more. */
export const saleEnded = (account: Account, orderNumber: string, now: number): Account => ({
  ...account,
  sales: account.sales.filter((one) => one.orderNumber !== orderNumber),
  ended: [
    ...account.ended.filter((one) => one.orderNumber !== orderNumber && one.at > now - ENDED_KEPT_MS),
    { orderNumber, at: now }
  ]
})

export const isExpired = ({ until }: Pending, now: number): boolean => until <= now
