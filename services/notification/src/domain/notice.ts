import type { Static } from 'typebox'
import type { NotificationKind } from '@gavel/contracts/api/notification.ts'
import type { DataOf } from '@gavel/contracts/define.ts'
import type { FailureReason } from '@gavel/contracts/errors.ts'
import type { AuctionClosed, BidsDecided, CrowdTold, EndTold, OfferMade } from '@gavel/contracts/events/bidding.ts'
import type { ContactChanged } from '@gavel/contracts/events/identity.ts'
import type { BidFailed, OrderCreated, PaymentRefunded } from '@gavel/contracts/events/sale.ts'
import { formatMoney } from './money.ts'

export type Kind = Static<typeof NotificationKind>

/** A notification before it has its place in its user's sequence. One event gives a user at most one of a kind. */
export interface Notice {
  userId: string
  kind: Kind
  title: string
  text: string
  auctionId?: string
  orderNumber?: string
  createdAt: number
}

/** What an auction is called, as far as is known by now. */
export type Titles = (auctionId: string) => { title: string; currency: string } | undefined

const nameOf = (titles: Titles, auctionId: string): string => {
  const known = titles(auctionId)
  return known ? `“${known.title}”` : 'your item'
}

export function welcomeNotice({ userId, displayName, registeredAt }: DataOf<typeof ContactChanged>): Notice {
  return {
    userId,
    kind: 'welcome',
    title: 'Welcome to Gavel',
    text: `Hello ${displayName}, your account is ready. Store a payment method before your first bid, so that what you win is yours at once.`,
    createdAt: registeredAt
  }
}

export function outbidNotices(decided: DataOf<typeof BidsDecided>, titles: Titles): Notice[] {
  const { auctionId, standing, decidedAt } = decided
  const known = titles(auctionId)
  const price = known ? ` The price to beat is ${formatMoney(standing.priceToBeatMinor, known.currency)}.` : ''
  return [...new Set(decided.outbidUserIds)].map((userId) => ({
    userId,
    kind: 'outbid',
    title: `You have been outbid on ${nameOf(titles, auctionId)}`,
    text: `Somebody bid more than your maximum.${price}`,
    auctionId,
    createdAt: decidedAt
  }))
}

export function wonNotice(closed: DataOf<typeof AuctionClosed>): Notice | undefined {
  const { auctionId, title, outcome, winnerUserId, priceMinor, currency, closedAt } = closed
  if (outcome !== 'sold' || winnerUserId === null) return undefined
  return {
    userId: winnerUserId,
    kind: 'won',
    title: `You won “${title}”`,
    text: `Your bid won at ${formatMoney(priceMinor, currency)}. We are reserving the item and charging your payment method; you will hear from us when it is done.`,
    auctionId,
    createdAt: closedAt
  }
}

/** What those who bid on an auction, or watch it, are told together. */
export function crowdNotices(
  { auctionId, title, what, userIds, reason, endsAt }: DataOf<typeof CrowdTold>,
  at: number
): Notice[] {
  const told =
    what === 'cancelled'
      ? {
          kind: 'cancelled' as const,
          title: `The auction of “${title}” was cancelled`,
          text: `Nothing is sold and no bid counts any more. The reason: ${reason ?? 'none was given'}`
        }
      : {
          kind: 'ending-soon' as const,
          title: `“${title}” ends soon`,
          text: `It is open until ${new Date(endsAt).toUTCString()}.`
        }
  return [...new Set(userIds)].map((userId) => ({ userId, ...told, auctionId, createdAt: at }))
}

const ends = {
  sold: (price: string) => `It was sold for ${price}, to somebody else.`,
  'reserve-not-met': () => 'No bid reached the reserve, so nothing is sold.',
  'no-bids': () => 'Nobody bid on it.'
}

/** To those who bid without winning, and to those who only watched. */
export function endedNotices(
  { auctionId, title, outcome, priceMinor, currency, userIds }: DataOf<typeof EndTold>,
  at: number
): Notice[] {
  const text = ends[outcome](formatMoney(priceMinor, currency))
  return [...new Set(userIds)].map((userId) => ({
    userId,
    kind: 'ended',
    title: `The auction of “${title}” has ended`,
    text,
    auctionId,
    createdAt: at
  }))
}

export function offerNotice(
  { userId, auctionId, title, priceMinor, currency, expiresAt }: DataOf<typeof OfferMade>,
  at: number
): Notice {
  return {
    userId,
    kind: 'offer',
    title: `A second chance for “${title}”`,
    text: `The winner did not pay. You may have it for ${formatMoney(priceMinor, currency)} until ${new Date(expiresAt).toUTCString()}.`,
    auctionId,
    createdAt: at
  }
}

export function orderedNotice({ sale, createdAt }: DataOf<typeof OrderCreated>, titles: Titles): Notice {
  const pieces = sale.quantity === 1 ? '' : `${sale.quantity} pieces of `
  return {
    userId: sale.userId,
    kind: 'ordered',
    title: `Your order ${sale.orderNumber}`,
    text: `Thank you: ${pieces}${nameOf(titles, sale.auctionId)} for ${formatMoney(sale.totalMinor, sale.currency)} is paid and ordered.`,
    auctionId: sale.auctionId,
    orderNumber: sale.orderNumber,
    createdAt
  }
}

const failures: Record<FailureReason, string> = {
  SOLD_OUT: 'it was sold out. You were not charged.',
  STOCK_NOT_FOUND: 'it is no longer in stock. You were not charged.',
  PAYMENT_DECLINED: 'your payment was declined.',
  PAYMENT_METHOD_MISSING: 'no payment method is stored for you.',
  TIMED_OUT: 'it took too long. Whatever was charged is given back.'
}

export function failedNotice({ sale, reason, failedAt }: DataOf<typeof BidFailed>, titles: Titles): Notice {
  return {
    userId: sale.userId,
    kind: 'failed',
    title: `Your purchase of ${nameOf(titles, sale.auctionId)} did not go through`,
    text: `We are sorry: ${failures[reason]}`,
    auctionId: sale.auctionId,
    orderNumber: sale.orderNumber,
    createdAt: failedAt
  }
}

export function refundedNotice({ sale, refundedAt }: DataOf<typeof PaymentRefunded>, titles: Titles): Notice {
  return {
    userId: sale.userId,
    kind: 'refunded',
    title: `Your money for ${nameOf(titles, sale.auctionId)} is on its way back`,
    text: `We have refunded ${formatMoney(sale.totalMinor, sale.currency)} to the card it was taken from.`,
    auctionId: sale.auctionId,
    orderNumber: sale.orderNumber,
    createdAt: refundedAt
  }
}
