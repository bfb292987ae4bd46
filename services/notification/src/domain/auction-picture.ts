import type { LiveAuction, LiveAuctionEvent } from '@gavel/contracts/api/web-socket.ts'
import type { DataOf } from '@gavel/contracts/define.ts'
import type {
  AuctionCancelled,
  AuctionClosed,
  AuctionExtended,
  AuctionOpened,
  BidsDecided
} from '@gavel/contracts/events/bidding.ts'

export type Opened = DataOf<typeof AuctionOpened>
export type Decided = DataOf<typeof BidsDecided>
export type Closed = DataOf<typeof AuctionClosed>
export type Cancelled = DataOf<typeof AuctionCancelled>
export type Extended = DataOf<typeof AuctionExtended>

/**
 * What is known of an auction from its events, newest ledger entry first. Terms, entries and the close come over two topics, so
 * they arrive in any order, late and twice; a picture only ever moves forward by the ledger's sequence.
 */
export interface AuctionPicture {
  auctionId: string
  /** The newest ledger entry that the picture shows; -1 before anything is known. */
  sequence: number
  terms?: Terms
  standing?: Standing
  closed?: Ending
}

export interface Ending {
  outcome: Closed['outcome'] | 'cancelled'
  closedAt: number
  cancelReason?: string
}

export type Terms = Omit<Opened, 'auctionId'>

export interface Standing {
  priceMinor: number
  priceToBeatMinor?: number
  leader: string | null
  reserveMet: boolean
  bidCount: number
  quantityLeft?: number
  endsAt?: number
}

export const unknownAuction = (auctionId: string): AuctionPicture => ({ auctionId, sequence: -1 })

/** Turns a user id into what the public may see, where the event does not bring the ledger's own pseudonym. */
export type Pseudonym = (auctionId: string, userId: string) => string

export function afterOpened(picture: AuctionPicture, { auctionId: _auctionId, ...terms }: Opened): AuctionPicture {
  return { ...picture, terms, sequence: Math.max(picture.sequence, 0) }
}

export function standingOf({ auctionId, standing }: Decided, pseudonym: Pseudonym): Standing {
  const { leaderUserId, leader, ...rest } = standing
  return { ...rest, leader: leader ?? (leaderUserId === null ? null : pseudonym(auctionId, leaderUserId)) }
}

export function afterDecided(picture: AuctionPicture, decided: Decided, pseudonym: Pseudonym): AuctionPicture {
  if (decided.sequence <= picture.sequence) return picture
  return { ...picture, sequence: decided.sequence, standing: standingOf(decided, pseudonym) }
}

/** What a close alone knows; the rest stays as the last entry left it. */
export function closingStanding(
  closed: Closed,
  pseudonym: Pseudonym
): Pick<Standing, 'priceMinor' | 'leader' | 'bidCount'> {
  const { auctionId, winnerUserId, winner, priceMinor, bidCount } = closed
  return { priceMinor, bidCount, leader: winner ?? (winnerUserId === null ? null : pseudonym(auctionId, winnerUserId)) }
}

export function afterClosed(picture: AuctionPicture, closed: Closed, pseudonym: Pseudonym): AuctionPicture {
  const { outcome, closedAt } = closed
  if (closed.sequence <= picture.sequence) return { ...picture, closed: { outcome, closedAt } }
  const standing = { reserveMet: outcome === 'sold', ...picture.standing, ...closingStanding(closed, pseudonym) }
  return { ...picture, sequence: closed.sequence, standing, closed: { outcome, closedAt } }
}

/** Nobody leads a cancelled auction; the rest stays as the last entry left it. */
export const endingOf = ({ reason, cancelledAt }: Cancelled): Ending => ({
  outcome: 'cancelled',
  closedAt: cancelledAt,
  cancelReason: reason
})

export function afterCancelled(picture: AuctionPicture, cancelled: Cancelled): AuctionPicture {
  const { sequence, bidCount } = cancelled
  const closed = endingOf(cancelled)
  if (sequence <= picture.sequence) return { ...picture, closed }
  const standing = { priceMinor: 0, reserveMet: false, ...picture.standing, bidCount, leader: null }
  return { ...picture, sequence, standing, closed }
}

export function afterExtended(picture: AuctionPicture, { sequence, endsAt }: Extended): AuctionPicture {
  if (sequence <= picture.sequence) return picture
  const standing = picture.standing ?? { priceMinor: 0, leader: null, reserveMet: false, bidCount: 0 }
  return { ...picture, sequence, standing: { ...standing, endsAt } }
}

/** Two pictures of one auction, one from memory and one from the store: the newer standing and all that either knows. */
export function newerOf(left: AuctionPicture, right: AuctionPicture): AuctionPicture {
  const [newer, older] = right.sequence > left.sequence ? [right, left] : [left, right]
  const terms = newer.terms ?? older.terms
  const closed = newer.closed ?? older.closed
  return { ...newer, ...(terms ? { terms } : {}), ...(closed ? { closed } : {}) }
}

/** What watchers see; undefined while the terms are not known. */
export function liveAuctionOf(
  { auctionId, terms, standing, closed }: AuctionPicture,
  now: number
): LiveAuction | undefined {
  if (!terms) return undefined
  const { productId, title, mode, currency, openingPriceMinor, buyNowPriceMinor, quantity, startsAt } = terms
  return {
    auctionId,
    productId,
    title,
    mode,
    status: closed ? 'closed' : now < startsAt ? 'scheduled' : 'open',
    currency,
    openingPriceMinor,
    priceMinor: (mode === 'fixed-price' ? openingPriceMinor : standing?.priceMinor) ?? 0,
    priceToBeatMinor: standing?.priceToBeatMinor ?? openingPriceMinor,
    ...(buyNowPriceMinor === undefined ? {} : { buyNowPriceMinor }),
    leader: standing?.leader ?? null,
    reserveMet: standing?.reserveMet ?? false,
    bidCount: standing?.bidCount ?? 0,
    quantity,
    quantityLeft: standing?.quantityLeft ?? quantity,
    startsAt,
    endsAt: standing?.endsAt ?? terms.endsAt,
    ...closed
  }
}

/** Enough for a ticker. Every bid is in the ledger, for whoever wants them all. */
const tickerBidsMax = 10

export function decidedEventOf(state: LiveAuction, decided: Decided, pseudonym: Pseudonym): LiveAuctionEvent {
  const accepted = decided.bids.filter((bid) => bid.outcome === 'accepted')
  return {
    state,
    at: decided.decidedAt,
    accepted: accepted.length,
    refused: decided.bids.length - accepted.length,
    bids: accepted.slice(-tickerBidsMax).map(({ userId, bidder, priceMinor }) => ({
      bidder: bidder ?? pseudonym(decided.auctionId, userId),
      priceMinor
    }))
  }
}

/** An entry without bids: an end, or a later end. */
export const quietEventOf = (state: LiveAuction, at: number): LiveAuctionEvent => ({
  state,
  at,
  accepted: 0,
  refused: 0,
  bids: []
})
