import { useOperation } from '../api/query.ts'
import { AuctionCard } from '../auctions/auction-card.tsx'
import { Empty, Shown } from '../parts/states.tsx'
import { View } from '../parts/view.tsx'

export function Watches() {
  const query = useOperation('listMyWatches', {}, { refetchMs: 20_000 })
  return (
    <View title="Watch list" lead="You are told when one of these ends soon or is cancelled." wide>
      <Shown query={query} what="your watch list">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="You watch nothing yet">Press “Watch” on an auction, and it stands here.</Empty>
          ) : (
            <div className="lots">
              {items.map(({ auction }) => (
                <AuctionCard key={auction.auctionId} first={auction} />
              ))}
            </div>
          )
        }
      </Shown>
    </View>
  )
}
