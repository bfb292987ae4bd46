import type { listAuctions } from '@gavel/contracts/api/bidding.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { House } from '../house.ts'

interface Place {
  endsAt: number
  auctionId: string
}

export const listAuctionsHandler =
  (house: House): Handler<typeof listAuctions> =>
  async ({ query }) => {
    const limit = query.limit ?? 50
    const after = query.cursor === undefined ? undefined : placeOf(query.cursor)
    const found = await house.list({ status: query.status, after, limit: limit + 1 })
    const items = found.slice(0, limit)
    const last = items.at(-1)
    const body = found.length > limit && last ? { items, nextCursor: cursorOf(last) } : { items }
    return { status: 200, body }
  }

const cursorOf = ({ endsAt, auctionId }: Place): string => Buffer.from(`${endsAt}.${auctionId}`).toString('base64url')

function placeOf(cursor: string): Place {
  const found = /^(\d{1,16})\.([A-Za-z0-9_-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!found?.[1] || !found[2]) throw new Refusal('INVALID_INPUT', { detail: 'The cursor is not one of ours' })
  return { endsAt: Number(found[1]), auctionId: found[2] }
}
