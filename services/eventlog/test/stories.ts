import type { DataOf, EventDefinition, TopicDefinition } from '@gavel/contracts/define.ts'
import { AdminActed } from '@gavel/contracts/events/audit.ts'
import { AuctionClosed, AuctionOpened, BidsDecided, OfferMade } from '@gavel/contracts/events/bidding.ts'
import { ProductAdded, ProductChanged, ProductRemoved } from '@gavel/contracts/events/catalog.ts'
import { UserRegistered } from '@gavel/contracts/events/identity.ts'
import { StockChanged } from '@gavel/contracts/events/inventory.ts'
import {
  BidFailed,
  OrderCreated,
  PaymentCaptured,
  PaymentDeclined,
  PaymentRefunded,
  SaleConfirmed,
  StockRejected,
  StockReleased,
  StockReserved
} from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import {
  audit,
  auctions,
  bids,
  orders,
  payments,
  products,
  reservations,
  saleConfirmed,
  stock,
  users
} from '@gavel/contracts/topics.ts'

/** What the other services would say of a day at the auctions: each topic's events in the order of their times. */

export interface Told {
  topic: TopicDefinition
  definition: EventDefinition
  id: string
  key: string
  subject: string
  source: string
  time: number
  data: unknown
}

const hash = '0'.repeat(64)
export const START = 1_700_000_000_000

const told = <Definition extends EventDefinition>(
  topic: TopicDefinition,
  definition: Definition,
  { id, key, time }: { id: string; key: string; time: number },
  data: DataOf<Definition>
): Told => ({ topic, definition, id, key, subject: key, source: topic.owner, time, data })

export const aUser = (userId: string): Told =>
  told(
    users,
    UserRegistered,
    { id: `registered-${userId}`, key: userId, time: START },
    { userId, role: 'bidder', registeredAt: START }
  )

export const anAct = (actId: string): Told =>
  told(
    audit,
    AdminActed,
    { id: actId, key: 'admin', time: START },
    {
      actId,
      userId: 'admin',
      role: 'admin',
      service: 'catalog',
      operation: 'removeProduct',
      params: { productId: 'p' },
      outcome: 'done',
      status: 204,
      begunAt: START,
      endedAt: START
    }
  )

/** Numbers below `bound`, the same for the same seed. */
export function dice(seed: number): (bound: number) => number {
  let state = seed >>> 0
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

export function anAuction(auctionId: string, roll: (bound: number) => number): Told[] {
  const productId = `product-of-${auctionId}`
  let time = START + roll(1_000)
  const endsAt = time + 60_000
  const common = { auctionId, productId, title: 'A lamp', currency: 'USD' }
  const place = (what: string) => ({ id: `${auctionId}:${what}`, key: auctionId, time })
  const events = [
    told(auctions, AuctionOpened, place('open'), {
      ...common,
      mode: 'english',
      openingPriceMinor: 100,
      quantity: 1,
      startsAt: time + 500,
      endsAt
    })
  ]
  let bidCount = 0
  const rounds = 1 + roll(8)
  for (let sequence = 1; sequence <= rounds; sequence += 1) {
    time += 1 + roll(2_000)
    const entry = Array.from({ length: 1 + roll(5) }, (_, index) => ({
      bidId: `${auctionId}-${sequence}-${index}`,
      userId: `bidder-${roll(5)}`,
      ...(roll(3) === 0
        ? { outcome: 'refused' as const, code: roll(2) === 0 ? 'BID_TOO_LOW' : 'BID_NOT_RAISED' }
        : { outcome: 'accepted' as const }),
      priceMinor: 100 * sequence,
      quantity: 1
    }))
    bidCount += entry.filter(({ outcome }) => outcome === 'accepted').length
    events.push(
      told(bids, BidsDecided, place(String(sequence)), {
        auctionId,
        sequence,
        decidedAt: time,
        bids: entry,
        outbidUserIds: [],
        standing: {
          priceMinor: 100 * sequence,
          priceToBeatMinor: 100 * sequence + 10,
          leaderUserId: entry.at(-1)!.userId,
          leader: 'a pseudonym',
          reserveMet: sequence > 2,
          bidCount,
          quantityLeft: 1,
          endsAt
        },
        hash
      })
    )
  }
  if (roll(4) === 0) return events
  time += 1 + roll(2_000)
  events.push(
    told(auctions, AuctionClosed, place('close'), {
      ...common,
      sequence: rounds + 1,
      outcome: 'sold',
      winnerUserId: 'bidder-1',
      priceMinor: 100 * rounds,
      bidCount,
      closedAt: time,
      hash
    })
  )
  if (roll(3) > 0) return events
  time += 1 + roll(2_000)
  const offer = { offerId: `${auctionId}-offer`, auctionId, productId, title: 'A lamp', userId: 'bidder-2' }
  events.push(
    told(auctions, OfferMade, place('offer'), { ...offer, priceMinor: 90, currency: 'USD', expiresAt: time + 1_000 })
  )
  return events
}

export function aSale(orderNumber: string, roll: (bound: number) => number, over: Partial<Sale> = {}): Told[] {
  let time = START + roll(10_000)
  const sale: Sale = {
    orderNumber,
    auctionId: orderNumber.split('.')[0]!,
    productId: 'lamp',
    userId: 'ada',
    quantity: 1,
    unitPriceMinor: 250,
    totalMinor: 250,
    currency: 'USD',
    confirmedAt: time,
    ...over
  }
  const next = (definition: EventDefinition, key = orderNumber) => {
    time += 1 + roll(3_000)
    return { id: `${orderNumber}.${definition.name}`, key, time }
  }
  const events = [told(saleConfirmed, SaleConfirmed, { id: `${orderNumber}.confirmed`, key: 'lamp', time }, { sale })]
  const failed = (reason: 'SOLD_OUT' | 'PAYMENT_DECLINED' | 'TIMED_OUT'): void => {
    const place = next(BidFailed)
    events.push(told(orders, BidFailed, { ...place, id: `${orderNumber}.end` }, { sale, reason, failedAt: time }))
  }
  if (roll(4) === 0) {
    events.push(told(reservations, StockRejected, next(StockRejected), { sale, reason: 'SOLD_OUT', available: 0 }))
    failed('SOLD_OUT')
    return events
  }
  const reserved = next(StockReserved)
  events.push(told(reservations, StockReserved, reserved, { sale, location: 'main', reservedAt: time }))
  const captured = roll(3) > 0
  const ends = roll(5) > 0
  if (captured) {
    const place = next(PaymentCaptured)
    events.push(told(payments, PaymentCaptured, place, { sale, paymentId: 'payment', capturedAt: time }))
    if (!ends) {
      failed('TIMED_OUT')
      const refunded = next(PaymentRefunded)
      events.push(told(payments, PaymentRefunded, refunded, { sale, paymentId: 'payment', refundedAt: time }))
    } else {
      const ended = next(OrderCreated)
      const data = { sale, paymentId: 'payment', createdAt: time }
      events.push(told(orders, OrderCreated, { ...ended, id: `${orderNumber}.end` }, data))
      return events
    }
  } else {
    const place = next(PaymentDeclined)
    const data = { sale, paymentId: 'payment', reason: 'PAYMENT_DECLINED' as const, declinedAt: time }
    events.push(told(payments, PaymentDeclined, place, data))
    failed('PAYMENT_DECLINED')
  }
  const released = next(StockReleased)
  events.push(told(reservations, StockReleased, released, { sale, location: 'main', releasedAt: time }))
  return events
}

export function aProduct(productId: string, roll: (bound: number) => number): Told[] {
  let time = START
  const events: Told[] = []
  const versions = new Map<string, number>()
  const steps = 2 + roll(12)
  for (let step = 0; step < steps; step += 1) {
    time += 1 + roll(2_000)
    const place = { id: `${productId}-${step}`, key: productId, time }
    const common = { changedBy: 'alice', changedAt: time }
    const product = { productId, title: `Version ${step}`, description: '', brand: 'b', category: 'c' }
    if (step === 0) events.push(told(products, ProductAdded, place, { product, ...common }))
    else if (roll(3) === 0) events.push(told(products, ProductChanged, place, { product, ...common }))
    else {
      const location = `place-${roll(3)}`
      const version = (versions.get(location) ?? 0) + 1
      versions.set(location, version)
      const figures = { available: roll(100), reserved: roll(10), sold: roll(10) }
      const data = { productId, location, ...figures, version, reason: 'set' as const, changedAt: time }
      events.push(told(stock, StockChanged, place, data))
    }
  }
  if (roll(3) === 0) {
    time += 1
    const place = { id: `${productId}-removed`, key: productId, time }
    events.push(told(products, ProductRemoved, place, { productId, changedBy: 'alice', changedAt: time }))
  }
  return events
}
