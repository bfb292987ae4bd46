import { randomUUID } from 'node:crypto'
import type { DataOf } from '@gavel/contracts/define.ts'
import {
  AuctionCancelled,
  AuctionClosed,
  AuctionExtended,
  AuctionOpened,
  BidsDecided,
  CrowdTold,
  EndTold,
  OfferMade
} from '@gavel/contracts/events/bidding.ts'
import { ContactChanged, ContactErased } from '@gavel/contracts/events/identity.ts'
import { BidFailed, OrderCreated, PaymentRefunded } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'

/** Events as their services send them, valid by default. */

const hash = 'a'.repeat(64)

export const contactChanged = (userId: string, changes: Partial<DataOf<typeof ContactChanged>> = {}) => ({
  definition: ContactChanged,
  key: userId,
  data: {
    userId,
    email: `${userId}@example.com`,
    displayName: 'Ada',
    registeredAt: Date.now(),
    ...changes
  }
})

export const contactErased = (userId: string) => ({
  definition: ContactErased,
  key: userId,
  data: { userId, erasedAt: Date.now() }
})

export const auctionOpened = (auctionId: string, changes: Partial<DataOf<typeof AuctionOpened>> = {}) => ({
  definition: AuctionOpened,
  key: auctionId,
  data: {
    auctionId,
    productId: 'p1',
    title: 'A brass lamp',
    mode: 'english' as const,
    currency: 'EUR',
    openingPriceMinor: 1_000,
    quantity: 1,
    startsAt: Date.now() - 1_000,
    endsAt: Date.now() + 3_600_000,
    ...changes
  }
})

export const bidsDecided = (
  auctionId: string,
  sequence: number,
  changes: { outbidUserIds?: string[]; leader?: string } = {}
) => {
  const leader = changes.leader ?? 'user-who-leads'
  return {
    definition: BidsDecided,
    key: auctionId,
    data: {
      auctionId,
      sequence,
      decidedAt: Date.now(),
      bids: [
        {
          bidId: `b${sequence}`,
          userId: leader,
          outcome: 'accepted' as const,
          priceMinor: 1_000 + sequence,
          quantity: 1
        }
      ],
      outbidUserIds: changes.outbidUserIds ?? [],
      standing: {
        priceMinor: 1_000 + sequence,
        priceToBeatMinor: 1_001 + sequence,
        leaderUserId: leader,
        reserveMet: true,
        bidCount: sequence,
        quantityLeft: 1,
        endsAt: Date.now() + 3_600_000
      },
      hash
    }
  }
}

export const auctionClosed = (auctionId: string, sequence: number, winnerUserId: string | null) => ({
  definition: AuctionClosed,
  key: auctionId,
  data: {
    auctionId,
    productId: 'p1',
    title: 'A brass lamp',
    sequence,
    outcome: winnerUserId === null ? ('no-bids' as const) : ('sold' as const),
    winnerUserId,
    priceMinor: 5_000,
    currency: 'EUR',
    bidCount: 3,
    closedAt: Date.now(),
    hash
  }
})

export const auctionCancelled = (auctionId: string, sequence: number) => ({
  definition: AuctionCancelled,
  key: auctionId,
  data: {
    auctionId,
    productId: 'p1',
    title: 'A brass lamp',
    sequence,
    reason: 'It is broken',
    changedBy: 'the-admin',
    bidCount: 3,
    cancelledAt: Date.now(),
    hash
  }
})

export const auctionExtended = (auctionId: string, sequence: number, endsAt: number) => ({
  definition: AuctionExtended,
  key: auctionId,
  data: { auctionId, sequence, endsAt, changedBy: 'the-admin', extendedAt: Date.now(), hash }
})

export const crowdTold = (auctionId: string, what: 'cancelled' | 'ending-soon', userIds: string[]) => ({
  definition: CrowdTold,
  key: auctionId,
  data: { auctionId, title: 'A brass lamp', what, userIds, reason: 'It is broken', endsAt: Date.now() + 60_000 }
})

export const endTold = (auctionId: string, userIds: string[]) => ({
  definition: EndTold,
  key: auctionId,
  data: {
    auctionId,
    title: 'A brass lamp',
    outcome: 'sold' as const,
    priceMinor: 5_000,
    currency: 'EUR',
    userIds
  }
})

export const offerMade = (auctionId: string, userId: string) => ({
  definition: OfferMade,
  key: auctionId,
  data: {
    offerId: randomUUID(),
    auctionId,
    productId: 'p1',
    title: 'A brass lamp',
    userId,
    priceMinor: 4_000,
    currency: 'EUR',
    expiresAt: Date.now() + 3_600_000
  }
})

export const saleOf = (auctionId: string, userId: string): Sale => ({
  orderNumber: `${auctionId}.1`,
  auctionId,
  productId: 'p1',
  userId,
  quantity: 1,
  unitPriceMinor: 5_000,
  totalMinor: 5_000,
  currency: 'EUR',
  confirmedAt: Date.now()
})

export const orderCreated = (sale: Sale) => ({
  definition: OrderCreated,
  key: sale.orderNumber,
  data: { sale, paymentId: randomUUID(), createdAt: Date.now() }
})

export const bidFailed = (sale: Sale) => ({
  definition: BidFailed,
  key: sale.orderNumber,
  data: { sale, reason: 'PAYMENT_DECLINED' as const, failedAt: Date.now() }
})

export const paymentRefunded = (sale: Sale) => ({
  definition: PaymentRefunded,
  key: sale.orderNumber,
  data: { sale, paymentId: randomUUID(), refundedAt: Date.now() }
})
