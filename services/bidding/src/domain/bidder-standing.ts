import type { BidderStanding } from '@gavel/contracts/api/bidder.ts'
import type { AuctionMode, AuctionStatus, CloseOutcome } from './auction.ts'
import { isSealed } from './auction.ts'

/** What anybody sees of an auction, as far as it tells how somebody stands in it. */
interface Seen {
  mode: AuctionMode
  status: AuctionStatus
  leader: string | null
  outcome?: CloseOutcome
}

/** Somebody who bid, by the name the ledger gives him, and whether any of his bids was accepted. */
interface Part {
  bidder: string
  accepted: boolean
}

/** Whoever leads when an auction ends without a sale has not won it. */
export function bidderStandingOf({ mode, status, leader, outcome }: Seen, { bidder, accepted }: Part): BidderStanding {
  if (mode === 'fixed-price') return accepted ? 'bought' : 'missed'
  const leads = leader === bidder
  if (status === 'closed') return leads && outcome === 'sold' ? 'won' : 'lost'
  if (isSealed(mode)) return 'hidden'
  return leads ? 'leading' : 'outbid'
}
