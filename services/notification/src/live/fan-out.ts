import { randomUUID } from 'node:crypto'
import { auctions, bids } from '@gavel/contracts/topics.ts'
import type { KafkaHandle } from '@gavel/platform/kafka/client.ts'
import { startConsumer } from '@gavel/platform/kafka/consumer.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Opened } from '../domain/auction-picture.ts'
import type { AuctionHub } from './auction-hub.ts'

/**
 * Brings every auction event to this process, whichever process stores it: a consumer group of its own that begins at the end of
 * the topics and ends with the process. A feed needs no event it missed (the hub compares with the store), so nothing here is
 * worth a retry or a dead letter: a handler must not throw.
 */
export async function startFanOut(context: ServiceContext, kafka: KafkaHandle, hub: AuctionHub): Promise<void> {
  const process = randomUUID().slice(0, 8)
  const each =
    <Data>(handle: (data: Data) => void) =>
    async (events: { data: Data }[]): Promise<void> => {
      for (const { data } of events) {
        try {
          handle(data)
        } catch (error) {
          context.log.error({ error }, 'A live stream could not take an event')
        }
      }
    }
  await startConsumer(context, kafka, {
    topic: auctions,
    group: `notification.live.${auctions.name}.${process}`,
    from: 'end',
    handlers: {
      AuctionOpened: each((data: Opened) => hub.opened(data)),
      AuctionClosed: each((data) => hub.closed(data)),
      AuctionCancelled: each((data) => hub.cancelled(data))
    }
  })
  await startConsumer(context, kafka, {
    topic: bids,
    group: `notification.live.${bids.name}.${process}`,
    from: 'end',
    handlers: {
      BidsDecided: each((data) => hub.decided(data)),
      AuctionExtended: each((data) => hub.extended(data))
    }
  })
}
