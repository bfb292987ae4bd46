import type { BidFailed, OrderCreated, PaymentRefunded } from '@gavel/contracts/events/sale.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { failedNotice, orderedNotice, refundedNotice, type Notice, type Titles } from '../domain/notice.ts'
import { readTitles } from '../store/auctions.ts'
import type { NoticeStore } from '../store/notice-store.ts'

type SaleEvent =
  IncomingEvent<typeof BidFailed> | IncomingEvent<typeof OrderCreated> | IncomingEvent<typeof PaymentRefunded>

/** Each event about a sale tells its buyer one thing. */
const told =
  <Event extends SaleEvent>(noticeOf: (data: Event['data'], titles: Titles) => Notice) =>
  (store: NoticeStore) =>
  async (events: Event[]): Promise<void> => {
    const titles = await readTitles(
      store.collections,
      events.map(({ data }) => data.sale.auctionId)
    )
    await store.add(events.map(({ id, data, replayed }) => ({ eventId: id, notice: noticeOf(data, titles), replayed })))
  }

export const orderCreated = told<IncomingEvent<typeof OrderCreated>>(orderedNotice)
export const bidFailed = told<IncomingEvent<typeof BidFailed>>(failedNotice)
export const paymentRefunded = told<IncomingEvent<typeof PaymentRefunded>>(refundedNotice)
