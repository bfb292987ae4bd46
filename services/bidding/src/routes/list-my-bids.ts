import type { listMyBids } from '@gavel/contracts/api/bidder.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { TakingPart } from '../taking-part.ts'
import { cursorOf, placeOf } from './cursor.ts'

export const listMyBidsHandler =
  (takingPart: TakingPart): Handler<typeof listMyBids> =>
  async ({ query, user }) => {
    const { cursor, auctionId, limit = 50 } = query
    const after = cursor === undefined ? undefined : placeOf(cursor)
    const { items, next } = await takingPart.mine(user.userId, { auctionId, after, limit })
    return { status: 200, body: next ? { items, nextCursor: cursorOf(next) } : { items } }
  }
