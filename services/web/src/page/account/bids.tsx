import type { BidderPart } from '@gavel/contracts/api/bidder.ts'
import { usePages } from '../api/query.ts'
import { AuctionCard } from '../auctions/auction-card.tsx'
import { Empty, ShownPages } from '../parts/states.tsx'
import { View } from '../parts/view.tsx'

export function MyBids() {
  const query = usePages('listMyBids', { query: { limit: 24 } }, { refetchMs: 15_000 })
  return (
    <View title="My bids" lead="Every auction and sale you took part in, newest first, and how you stand." wide>
      <ShownPages
        query={query}
        what="your bids"
        empty={<Empty title="No bid yet">Bid on an auction, and it stands here with how you are doing.</Empty>}
      >
        {(parts: BidderPart[]) => (
          <div className="lots">
            {parts.map((part) => (
              <AuctionCard key={part.auction.auctionId} first={part.auction} part={part} />
            ))}
          </div>
        )}
      </ShownPages>
    </View>
  )
}
