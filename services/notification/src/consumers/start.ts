import { auctions, bids, contacts, orders, payments } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { NoticeStore } from '../store/notice-store.ts'
import { auctionCancelled, auctionClosed, auctionOpened, crowdTold, endTold, offerMade } from './auctions.ts'
import { auctionExtended, bidsDecided } from './bids.ts'
import { bidFailed, orderCreated, paymentRefunded } from './sales.ts'
import { contactChanged, contactErased } from './users.ts'

/** A notice that is known stays as it is, and one that was lost is stored again without a mail. */
const replays = 'handle'

/** What is stored is handled once by the group, whichever process it falls to. Live streams have readers of their own. */
export async function startConsumers(context: ServiceContext, kafka: KafkaHandle, store: NoticeStore): Promise<void> {
  await startConsumer(context, kafka, {
    topic: contacts,
    replays,
    handlers: { ContactChanged: contactChanged(store), ContactErased: contactErased(store) }
  })
  await startConsumer(context, kafka, {
    topic: auctions,
    replays,
    handlers: {
      AuctionOpened: auctionOpened(store),
      AuctionClosed: auctionClosed(store),
      AuctionCancelled: auctionCancelled(store),
      OfferMade: offerMade(store),
      CrowdTold: crowdTold(store),
      EndTold: endTold(store)
    }
  })
  await startConsumer(context, kafka, {
    topic: bids,
    handlers: { BidsDecided: bidsDecided(store), AuctionExtended: auctionExtended(store) }
  })
  await startConsumer(context, kafka, {
    topic: orders,
    replays,
    handlers: { OrderCreated: orderCreated(store), BidFailed: bidFailed(store) }
  })
  await startConsumer(context, kafka, {
    topic: payments,
    replays,
    handlers: { PaymentRefunded: paymentRefunded(store) }
  })
}
