import type { AuctionClosed, AuctionOpened, OfferMade } from '@gavel/contracts/events/bidding.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { offerNotice, wonNotice } from '../domain/notice.ts'
import { derivedPseudonym } from '../domain/pseudonym.ts'
import { closedWrite, openedWrite, writeAuctions } from '../store/auctions.ts'
import type { NoticeStore } from '../store/notice-store.ts'

export const auctionOpened =
  ({ collections }: NoticeStore) =>
  async (events: IncomingEvent<typeof AuctionOpened>[]): Promise<void> =>
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
      events.flatMap(({ id, data }) => {
        const notice = wonNotice(data)
        return notice ? [{ eventId: id, notice }] : []
      })
    )
  }

export const offerMade =
  (store: NoticeStore) =>
  async (events: IncomingEvent<typeof OfferMade>[]): Promise<void> =>
    await store.add(events.map(({ id, data, time }) => ({ eventId: id, notice: offerNotice(data, time) })))
