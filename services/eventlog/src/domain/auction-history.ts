import type { AuctionAt, RecordedEvent } from '@gavel/contracts/api/eventlog.ts'
import {
  AuctionCancelled,
  AuctionClosed,
  AuctionExtended,
  AuctionOpened,
  AuctionOpenedV1,
  BidsDecided,
  OfferMade
} from '@gavel/contracts/events/bidding.ts'
import { countIn, dataIf } from './fold.ts'

/** An auction as its events tell it. Two topics tell of it, so the order between them means nothing: ledger sequences decide. */
export type AuctionStory = Omit<AuctionAt, 'at' | 'status'>

export const untoldAuction = (auctionId: string): AuctionStory => ({
  auctionId,
  eventCount: 0,
  lastPosition: 0,
  terms: null,
  standing: null,
  bids: { accepted: 0, refused: 0 },
  extended: null,
  closing: null,
  offers: []
})

export function foldAuction(story: AuctionStory, event: RecordedEvent): AuctionStory {
  const told = { ...story, ...countIn(story, event) }
  const opened = dataIf(AuctionOpenedV1, event) ?? dataIf(AuctionOpened, event)
  if (opened) {
    const { auctionId: _auctionId, ...terms } = opened
    return { ...told, terms }
  }
  const decided = dataIf(BidsDecided, event)
  if (decided) {
    const accepted = decided.bids.filter(({ outcome }) => outcome === 'accepted').length
    const { leader: _leader, ...standing } = decided.standing
    const later = story.standing === null || decided.sequence > story.standing.sequence
    return {
      ...told,
      bids: {
        accepted: story.bids.accepted + accepted,
        refused: story.bids.refused + decided.bids.length - accepted
      },
      standing: later ? { sequence: decided.sequence, ...standing } : story.standing
    }
  }
  const extended = dataIf(AuctionExtended, event)
  if (extended) {
    const { sequence, endsAt } = extended
    return sequence > (story.extended?.sequence ?? -1) ? { ...told, extended: { sequence, endsAt } } : told
  }
  const cancelled = dataIf(AuctionCancelled, event)
  if (cancelled) {
    const { sequence, reason, cancelledAt: closedAt } = cancelled
    const priceMinor = story.standing?.priceMinor ?? 0
    return { ...told, closing: { sequence, outcome: 'cancelled', winnerUserId: null, priceMinor, closedAt, reason } }
  }
  const closed = dataIf(AuctionClosed, event)
  if (closed) {
    const { sequence, outcome, winnerUserId, priceMinor, closedAt } = closed
    return { ...told, closing: { sequence, outcome, winnerUserId, priceMinor, closedAt } }
  }
  const offer = dataIf(OfferMade, event)
  if (offer) {
    const { offerId, userId, priceMinor, expiresAt } = offer
    return { ...told, offers: [...story.offers, { offerId, userId, priceMinor, madeAt: event.time, expiresAt }] }
  }
  return told
}

export function auctionAt(story: AuctionStory, at: number): AuctionAt {
  const scheduled = story.terms !== null && at < story.terms.startsAt
  return { ...story, at, status: story.closing ? 'closed' : scheduled ? 'scheduled' : 'open' }
}
