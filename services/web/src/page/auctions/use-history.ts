import type { Auction } from '@gavel/contracts/api/bidding.ts'
import { useQuery } from '@tanstack/react-query'
import { call } from '../api/call.ts'
import type { AuctionNow } from './auction-now.ts'
import type { HistoryEntry } from './history.ts'

/** So many of the newest entries are drawn; the whole ledger is there for whoever verifies. */
const entriesShown = 1_000

/** Read when the page is opened, and again after a gap in the stream and after the close, when secrets are laid open. */
export function useHistory({ auctionId, sequence }: Auction, { auction, gaps }: AuctionNow) {
  const from = Math.max(0, sequence - entriesShown + 1)
  return useQuery({
    queryKey: ['readLedger', auctionId, from, gaps, auction.status === 'closed'],
    queryFn: async ({ signal }) => {
      const { entries } = await call('readLedger', { params: { auctionId }, query: { from, limit: 1_000 } }, { signal })
      return entries as HistoryEntry[]
    },
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY
  })
}
