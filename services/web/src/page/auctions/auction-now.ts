import type { LiveAuction, LiveAuctionEvent } from '@gavel/contracts/api/web-socket.ts'

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

export type Standing = 'none' | 'leading' | 'outbid' | 'won' | 'lost'

export function standingOf({ mode, status, leader }: LiveAuction, ownName: string | null | undefined): Standing {
  if (!ownName || mode === 'fixed-price') return 'none'
  // Who leads among sealed bids nobody knows before the close.
  if (mode.startsWith('sealed') && status !== 'closed') return 'none'
  const leads = leader === ownName
  if (status === 'closed') return leads ? 'won' : 'lost'
  return leads ? 'leading' : 'outbid'
}

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
