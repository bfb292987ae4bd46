import type { BidFailed } from '@gavel/contracts/events/sale.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { inTraceOf } from '@gavel/platform/telemetry.ts'
import type { Credit } from '../credit.ts'
import type { SecondChance } from '../second-chance.ts'

/** Told at least once; an offer's id is made of the sale that failed, so it is made once. */
export const onBidFailed =
  (secondChance: SecondChance, credit: Credit) =>
  async (events: IncomingEvent<typeof BidFailed>[]): Promise<void> => {
    await Promise.all(events.map(async ({ data }) => await credit.saleEnded(data.sale)))
    for (const { data, traceparent } of events) {
      try {
        await inTraceOf(traceparent, () => secondChance.afterFailure(data.sale, data.reason))
      } catch (error) {
        // A sale of an auction that this database does not hold: nothing to offer.
        if (!(error instanceof Refusal)) throw error
      }
    }
  }
