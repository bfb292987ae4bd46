import type { Auction } from '@gavel/contracts/api/bidding.ts'
import { useSearchParams } from 'wouter'
import { usePages } from '../api/query.ts'
import { Empty, ShownPages } from '../parts/states.tsx'
import { View } from '../parts/view.tsx'
import { AuctionCard } from './auction-card.tsx'
import { firstListing } from './first-listing.ts'

const states = [
  ['open', 'Open now'],
  ['scheduled', 'Coming'],
  ['closed', 'Ended']
] as const
type Status = (typeof states)[number][0]

export function Browse() {
  const [params, setParams] = useSearchParams()
  const status = (states.find(([value]) => value === params.get('status'))?.[0] ?? firstListing.status) satisfies Status
  const query = usePages('listAuctions', { query: { ...firstListing, status } }, { refetchMs: 15_000 })
  return (
    <View title="Auctions" lead="Prices move as you look. Nothing here needs reloading." wide>
      <div className="tabs" role="group" aria-label="Which auctions">
        {states.map(([value, text]) => (
          <button
            key={value}
            type="button"
            aria-pressed={status === value}
            onClick={() => setParams({ status: value }, { replace: true })}
          >
            {text}
          </button>
        ))}
      </div>
      <ShownPages
        query={query}
        what="the auctions"
        empty={
          <Empty title={status === 'open' ? 'No auction is open' : 'There is none here'}>
            Look at another time, or at the other tabs.
          </Empty>
        }
      >
        {(auctions: Auction[]) => (
          <div className="lots">
            {auctions.map((auction) => (
              <AuctionCard key={auction.auctionId} first={auction} />
            ))}
          </div>
        )}
      </ShownPages>
    </View>
  )
}
