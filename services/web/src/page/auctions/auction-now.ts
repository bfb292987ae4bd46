import { bidderStandingOf } from '@gavel/bidding/domain/bidder-standing.ts'
import type { BidderStanding } from '@gavel/contracts/api/bidder.ts'
import type { LiveAuction, LiveAuctionEvent } from '@gavel/contracts/api/web-socket.ts'
import type { IconName } from '../parts/icon.tsx'
import type { Tone } from '../parts/view.tsx'

export type TickerBid = { bidder: string; priceMinor: number; at: number; key: string }
export type LivePoint = { sequence: number; at: number; priceMinor: number }
export type AuctionNow = {
  auction: LiveAuction
  sequence: number
  /** What was seen happen since the page was opened, newest first. */
  ticker: TickerBid[]
  points: LivePoint[]
  /** Rises when the stream began anew and entries between may not have been seen. */
  gaps: number
}

const tickerKept = 30
const pointsKept = 2_000

export function afterSnapshot(now: AuctionNow, sequence: number, auction: LiveAuction): AuctionNow {
  // A snapshot older than what the page was opened with says nothing new.
  if (sequence < now.sequence) return now
  return { ...now, auction, sequence, gaps: sequence > now.sequence ? now.gaps + 1 : now.gaps }
}

export function afterEvent(now: AuctionNow, sequence: number, event: LiveAuctionEvent): AuctionNow {
  if (sequence < now.sequence) return now
  const seen = event.bids.map((bid, index) => ({ ...bid, at: event.at, key: `${sequence}.${index}` })).toReversed()
  const isKnown = now.points.at(-1)?.sequence === sequence
  return {
    ...now,
    auction: event.state,
    sequence,
    ticker: isKnown ? now.ticker : [...seen, ...now.ticker].slice(0, tickerKept),
    points: isKnown
      ? now.points
      : [...now.points, { sequence, at: event.at, priceMinor: event.state.priceMinor }].slice(-pointsKept)
  }
}

/** By the rule that the platform answers by, so that what is seen live says the same. What somebody bought a name does not tell. */
export const standingOf = (auction: LiveAuction, ownName: string | undefined): BidderStanding | undefined =>
  ownName === undefined || auction.mode === 'fixed-price'
    ? undefined
    : bidderStandingOf(auction, { bidder: ownName, accepted: true })

export type StandingMark = {
  tone: Tone
  icon: IconName
  words: string
  /** Where there is little room. */ short: string
}

const marks: Record<BidderStanding, StandingMark> = {
  leading: { tone: 'good', icon: 'check', words: 'You lead', short: 'You lead' },
  outbid: { tone: 'warn', icon: 'warning', words: 'You have been outbid', short: 'Outbid' },
  hidden: { tone: 'accent', icon: 'clock', words: 'Your bid is sealed', short: 'Sealed' },
  won: { tone: 'good', icon: 'star', words: 'You won', short: 'You won' },
  lost: { tone: 'plain', icon: 'cross', words: 'It went to another bidder', short: 'Lost' },
  bought: { tone: 'good', icon: 'check', words: 'You bought here', short: 'Bought' },
  missed: { tone: 'plain', icon: 'cross', words: 'You bought nothing here', short: 'Missed' }
}

const toNobody: Partial<Record<NonNullable<LiveAuction['outcome']>, Pick<StandingMark, 'words' | 'short'>>> = {
  'reserve-not-met': { words: 'It was not sold', short: 'Not sold' },
  'no-bids': { words: 'It was not sold', short: 'Not sold' },
  cancelled: { words: 'It was cancelled', short: 'Cancelled' }
}

export const markOf = (standing: BidderStanding, { outcome }: Pick<LiveAuction, 'outcome'>): StandingMark => ({
  ...marks[standing],
  ...(standing === 'lost' && outcome !== undefined && toNobody[outcome])
})

export const isSealed = ({ mode }: Pick<LiveAuction, 'mode'>): boolean => mode.startsWith('sealed')

export const modeNames: Record<LiveAuction['mode'], string> = {
  english: 'English auction',
  'fixed-price': 'Sale at a fixed price',
  'sealed-first-price': 'Sealed bids; the highest pays what it bid',
  'sealed-second-price': 'Sealed bids; the highest pays the second-highest bid'
}

export const shownPriceMinor = ({ bidCount, mode, priceMinor, openingPriceMinor }: LiveAuction): number =>
  mode === 'fixed-price' || bidCount === 0 || priceMinor === 0 ? openingPriceMinor : priceMinor

export function priceLabel({ mode, bidCount, status }: LiveAuction): string {
  if (mode === 'fixed-price') return 'Price'
  if (bidCount === 0) return 'Opens at'
  if (mode.startsWith('sealed') && status !== 'closed') return 'Sealed, from'
  return status === 'closed' ? 'Final price' : 'Current bid'
}
