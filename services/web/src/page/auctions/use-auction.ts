import type { Auction } from '@gavel/contracts/api/bidding.ts'
import type { LiveAuction, LiveAuctionEvent } from '@gavel/contracts/api/web-socket.ts'
import { useEffect, useState } from 'react'
import { subscribe } from '../api/live.ts'
import { afterEvent, afterSnapshot, type AuctionNow } from './auction-now.ts'

/** An auction as it is now: first as it was read, then as the stream tells it. */
export function useAuction(first: Auction): AuctionNow {
  const { auctionId } = first
  const [now, setNow] = useState<AuctionNow>({
    auction: first,
    sequence: first.sequence,
    ticker: [],
    points: [],
    gaps: 0
  })
  useEffect(
    () =>
      subscribe(`auction:${auctionId}`, (frame) => {
        setNow((before) =>
          frame.type === 'snapshot'
            ? afterSnapshot(before, frame.sequence, frame.state as LiveAuction)
            : afterEvent(before, frame.sequence, frame.data as LiveAuctionEvent)
        )
      }),
    [auctionId]
  )
  // What was read later than what the stream said counts: a close, for instance, while the connection was down.
  return first.sequence > now.sequence ? { ...now, auction: first, sequence: first.sequence } : now
}
