import { useOperation } from '../api/query.ts'
import { AuctionCard } from '../auctions/auction-card.tsx'
import { useOwnAuctions } from '../auctions/own-names.ts'
import { Empty, Shown } from '../parts/states.tsx'
import { View } from '../parts/view.tsx'

function One({ auctionId }: { auctionId: string }) {
  const query = useOperation('readAuction', { params: { auctionId } }, { refetchMs: 30_000 })
  return (
    <Shown query={query} what="an auction" rows={2}>
      {(auction) => <AuctionCard first={auction} />}
    </Shown>
  )
}

export function MyBids() {
  const ids = useOwnAuctions().slice(0, 60)
  return (
    <View title="My bids" lead="The auctions you took part in from this browser, newest first." wide>
      {ids.length === 0 ? (
        <Empty title="No bid yet">Bid on an auction, and it stands here with how you are doing.</Empty>
      ) : (
        <div className="lots">
          {ids.map((auctionId) => (
            <One key={auctionId} auctionId={auctionId} />
          ))}
        </div>
      )}
    </View>
  )
}
