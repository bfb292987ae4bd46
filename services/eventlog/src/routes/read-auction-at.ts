import type { readAuctionAt } from '@gavel/contracts/api/eventlog.ts'
import { auctions, bids } from '@gavel/contracts/topics.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { auctionAt, foldAuction, untoldAuction } from '../domain/auction-history.ts'
import { foldKey } from '../store/read-history.ts'

const topics = [auctions.name, bids.name]

export const createReadAuctionAt =
  (pool: Pool): Handler<typeof readAuctionAt> =>
  async ({ params, query, now }) => {
    const { auctionId } = params
    const at = query.at ?? now
    const story = await foldKey(pool, { key: auctionId, topics, at }, untoldAuction(auctionId), foldAuction)
    if (story.eventCount === 0) throw new Refusal('AUCTION_NOT_FOUND')
    return { status: 200, body: auctionAt(story, at) }
  }
