import type { listAuctions } from '@gavel/contracts/api/bidding.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'
import { cursorOf, placeOf } from './cursor.ts'

export const listAuctionsHandler =
  (house: House): Handler<typeof listAuctions> =>
  async ({ query }) => {
    const limit = query.limit ?? 50
    const place = query.cursor === undefined ? undefined : placeOf(query.cursor)
    const after = place && { endsAt: place.at, auctionId: place.auctionId }
    const found = await house.list({ status: query.status, after, limit: limit + 1 })
    const items = found.slice(0, limit)
    const last = items.at(-1)
    const more = found.length > limit && last
    return {
      status: 200,
      body: more ? { items, nextCursor: cursorOf({ at: last.endsAt, auctionId: last.auctionId }) } : { items }
    }
  }
