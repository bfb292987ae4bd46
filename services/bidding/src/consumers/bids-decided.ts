import type { BidsDecided } from '@gavel/contracts/events/bidding.ts'
import type { IncomingEvent } from '@gavel/platform/kafka/consumer.ts'
import { participationId, type Participation, type Participations } from '../store/participations.ts'

/** However many bids somebody placed in a batch, he took part once. */
export const onBidsDecided =
  (participations: Participations) =>
  async (events: IncomingEvent<typeof BidsDecided>[]): Promise<void> => {
    const folded = new Map<string, Participation>()
    for (const { data } of events)
      for (const { userId, bidder, outcome } of data.bids) {
        // Events older than the names in them tell nobody’s.
        if (bidder === undefined) continue
        const { auctionId, decidedAt } = data
        const accepted = outcome === 'accepted'
        const id = participationId({ userId, auctionId })
        const known = folded.get(id)
        if (known) {
          known.at = Math.min(known.at, decidedAt)
          known.accepted ||= accepted
        } else folded.set(id, { userId, auctionId, bidder, at: decidedAt, accepted })
      }
    // Whoever replays a range may have lost what was made of it.
    await participations.record([...folded.values()], { anew: events.some(({ replayed }) => replayed) })
  }
