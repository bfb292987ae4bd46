import type { AuctionExtended, BidsDecided } from '@gavel/contracts/events/bidding.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { outbidNotices } from '../domain/notice.ts'
import { derivedPseudonym } from '../domain/pseudonym.ts'
import { decidedWrite, extendedWrite, newestEntries, readTitles, writeAuctions } from '../store/auctions.ts'
import type { NoticeStore } from '../store/notice-store.ts'

export const bidsDecided =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof BidsDecided>[]): Promise<void> => {
    const newest = newestEntries(events.map(({ data }) => data))
    await writeAuctions(
      store.collections,
      newest.map((entry) => decidedWrite(entry, derivedPseudonym))
    )
    const outbidding = events.filter(({ data }) => data.outbidUserIds.length > 0)
    const titles = await readTitles(
      store.collections,
      outbidding.map(({ data }) => data.auctionId)
    )
    await store.add(
      outbidding.flatMap(({ id, data, replayed }) =>
        outbidNotices(data, titles).map((notice) => ({ eventId: id, notice, replayed }))
      )
    )
  }

export const auctionExtended =
  ({ collections }: NoticeStore) =>
  async (events: IncomingEvent<typeof AuctionExtended>[]): Promise<void> =>
    await writeAuctions(
      collections,
      events.map(({ data }) => extendedWrite(data))
    )
