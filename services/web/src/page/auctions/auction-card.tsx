import type { BidderPart } from '@gavel/contracts/api/bidder.ts'
import type { Auction } from '@gavel/contracts/api/bidding.ts'
import { Link } from 'wouter'
import { formatMoney } from '../money.ts'
import { Rosette } from '../parts/rosette.tsx'
import { useKnownName } from './own-names.ts'
import { Money } from './price.tsx'
import { TimeLeft } from './time-left.tsx'
import { markOf, priceLabel, shownPriceMinor, standingOf } from './auction-now.ts'
import { StandingBadge } from './standing-badge.tsx'
import { useAuction } from './use-auction.ts'

/** `part`: what the platform says of the reader here; without it, what this browser knows. */
export function AuctionCard({ first, part }: { first: Auction; part?: Pick<BidderPart, 'bidder' | 'standing'> }) {
  const { auction } = useAuction(first)
  const known = useKnownName(auction.auctionId)
  const standing = standingOf(auction, part?.bidder ?? known) ?? part?.standing
  const { auctionId, productId, title, mode, currency, bidCount, quantity, quantityLeft, reserveMet } = auction
  const isFixed = mode === 'fixed-price'
  return (
    <article className="lot">
      <div className="plate">
        <Rosette seed={productId} />
        {standing && <StandingBadge mark={markOf(standing, auction)} isShort />}
      </div>
      <h2>
        <Link href={`/auctions/${auctionId}`}>{title}</Link>
      </h2>
      <p className="lot-price">
        <span className="label">{priceLabel(auction)}</span>
        <Money className="price">{formatMoney(shownPriceMinor(auction), currency)}</Money>
      </p>
      <p className="lot-foot muted">
        <span>
          {isFixed
            ? quantityLeft === 0
              ? 'Sold out'
              : `${quantityLeft} of ${quantity} left`
            : `${bidCount} ${bidCount === 1 ? 'bid' : 'bids'}${bidCount > 0 && !reserveMet && mode === 'english' ? ', reserve not met' : ''}`}
        </span>
        <TimeLeft auction={auction} />
      </p>
    </article>
  )
}
