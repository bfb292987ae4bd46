import type {
  AuctionCancelled,
  AuctionClosed,
  AuctionOpened,
  AuctionOpenedV1,
  CrowdTold,
  EndTold,
  OfferMade
} from '@gavel/contracts/events/bidding.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { crowdNotices, endedNotices, offerNotice, wonNotice } from '../domain/notice.ts'
import { derivedPseudonym } from '../domain/pseudonym.ts'
import { cancelledWrite, closedWrite, openedWrite, writeAuctions } from '../store/auctions.ts'
import type { NoticeStore } from '../store/notice-store.ts'

export const auctionOpened =
  ({ collections }: NoticeStore) =>
  async (events: IncomingEvent<typeof AuctionOpened | typeof AuctionOpenedV1>[]): Promise<void> =>
    await writeAuctions(
      collections,
      events.map(({ data }) => openedWrite(data))
    )

export const auctionClosed =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof AuctionClosed>[]): Promise<void> => {
    await writeAuctions(
      store.collections,
      events.map(({ data }) => closedWrite(data, derivedPseudonym))
    )
    await store.add(
      events.flatMap(({ id, data, replayed }) => {
        const notice = wonNotice(data)
        return notice ? [{ eventId: id, notice, replayed }] : []
      })
    )
  }

export const auctionCancelled =
  ({ collections }: NoticeStore) =>
  async (events: IncomingEvent<typeof AuctionCancelled>[]): Promise<void> =>
    await writeAuctions(
      collections,
      events.map(({ data }) => cancelledWrite(data))
    )

/** The notice's cause is what is told of which auction, not the event: told again in other portions, each user still hears it once. */
export const crowdTold =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof CrowdTold>[]): Promise<void> => {
    await store.add(
      events.flatMap(({ data, time, replayed }) =>
        crowdNotices(data, time).map((notice) => ({ eventId: `${data.auctionId}:${data.what}`, notice, replayed }))
      )
    )
  }

export const endTold =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof EndTold>[]): Promise<void> => {
    await store.add(
      events.flatMap(({ data, time, replayed }) =>
        endedNotices(data, time).map((notice) => ({ eventId: `${data.auctionId}:ended`, notice, replayed }))
      )
    )
  }

export const offerMade =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof OfferMade>[]): Promise<void> =>
    await store.add(
      events.map(({ id, data, time, replayed }) => ({ eventId: id, notice: offerNotice(data, time), replayed }))
    )
