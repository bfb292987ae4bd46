import type { Auction } from '@gavel/contracts/api/bidding.ts'
import { Link } from 'wouter'
import { formatMoney } from '../money.ts'
import { Rosette } from '../parts/rosette.tsx'
import { Badge } from '../parts/view.tsx'
import { useOwnName } from './own-names.ts'
import { Money } from './price.tsx'
import { TimeLeft } from './time-left.tsx'
import { priceLabel, shownPriceMinor, standingOf } from './auction-now.ts'
import { useAuction } from './use-auction.ts'

export function AuctionCard({ first }: { first: Auction }) {
  const { auction } = useAuction(first)
  const standing = standingOf(auction, useOwnName(auction.auctionId))
  const { auctionId, productId, title, mode, currency, bidCount, quantity, quantityLeft, reserveMet } = auction
  const isFixed = mode === 'fixed-price'
  return (
    <article className="lot">
      <div className="plate">
        <Rosette seed={productId} />
        {standing === 'leading' && <Badge tone="good">You lead</Badge>}
        {standing === 'outbid' && <Badge tone="warn">Outbid</Badge>}
        {standing === 'won' && <Badge tone="good">You won</Badge>}
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
