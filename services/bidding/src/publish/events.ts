import type { TopicDefinition } from '@gavel/contracts/define.ts'
import {
  AuctionCancelled,
  AuctionClosed,
  AuctionExtended,
  AuctionOpened,
  AuctionOpenedV1,
  BidsDecided
} from '@gavel/contracts/events/bidding.ts'
import { SaleConfirmed } from '@gavel/contracts/events/sale.ts'
import type { Sale } from '@gavel/contracts/primitives.ts'
import { auctions, bids, saleConfirmed } from '@gavel/contracts/topics.ts'
import type { OutgoingEvent } from '@gavel/platform/kafka/producer.ts'
import { isSealed, orderNumberOf, type Terms } from '../domain/auction.ts'
import { userOfKey, type LedgerDocument } from '../ledger/entry.ts'
import type { PublicEntry } from '../ledger/form.ts'
import { priceToBeatAt } from '../ledger/receipt.ts'

export interface Published {
  topic: TopicDefinition
  event: OutgoingEvent
}

/**
 * What one ledger entry tells the world. Ids are made of the auction, the sequence number and a position, so that the
 * same entry published twice, by any process, is the same events and every inbox drops the second.
 */
export function eventsOf(terms: Terms, document: LedgerDocument, entry: PublicEntry): Published[] {
  const published: Published[] = []
  const add = (
    topic: TopicDefinition,
    definition: OutgoingEvent['definition'],
    key: string,
    data: unknown,
    traceparent = document.traceparent
  ): void => {
    const id = `${terms.auctionId}:${entry.sequence}:${published.length}`
    const event = {
      definition,
      key,
      data,
      id,
      source: 'bidding',
      subject: terms.auctionId,
      time: entry.at,
      ...(traceparent !== undefined && { traceparent })
    } as OutgoingEvent
    published.push({ topic, event })
  }
  if (entry.terms) add(auctions, isOldForm(terms) ? AuctionOpenedV1 : AuctionOpened, terms.auctionId, opened(terms))
  if (entry.bids) add(bids, BidsDecided, terms.auctionId, decided(terms, document, entry))
  if (entry.extension) add(bids, AuctionExtended, terms.auctionId, extended(terms, document, entry))
  if (entry.closing?.outcome === 'cancelled')
    add(auctions, AuctionCancelled, terms.auctionId, cancelled(terms, document, entry))
  else if (entry.closing) add(auctions, AuctionClosed, terms.auctionId, closed(terms, document, entry))
  for (const { sale, traceparent } of salesOf(terms, document, entry))
    add(saleConfirmed, SaleConfirmed, terms.productId, { sale }, traceparent)
  return published
}

/** What version 1 can tell of is told by it: readers who know no other are not shut out. */
const isOldForm = ({ mode, buyNowPriceMinor }: Terms): boolean => !isSealed(mode) && buyNowPriceMinor === null

const opened = (terms: Terms) => ({
  auctionId: terms.auctionId,
  productId: terms.productId,
  title: terms.title,
  mode: terms.mode,
  currency: terms.currency,
  openingPriceMinor: terms.openingPriceMinor,
  ...(terms.buyNowPriceMinor !== null && { buyNowPriceMinor: terms.buyNowPriceMinor }),
  quantity: terms.quantity,
  startsAt: terms.startsAt,
  endsAt: terms.endsAt
})

const extended = (terms: Terms, document: LedgerDocument, entry: PublicEntry) => ({
  auctionId: terms.auctionId,
  sequence: entry.sequence,
  endsAt: entry.extension?.endsAt,
  changedBy: document.by,
  extendedAt: entry.at,
  hash: document.hash
})

const cancelled = (terms: Terms, document: LedgerDocument, entry: PublicEntry) => ({
  auctionId: terms.auctionId,
  productId: terms.productId,
  title: terms.title,
  sequence: entry.sequence,
  reason: entry.closing?.reason,
  changedBy: document.by,
  bidCount: entry.standing.bidCount,
  cancelledAt: entry.at,
  hash: document.hash
})

const decided = (terms: Terms, document: LedgerDocument, entry: PublicEntry) => ({
  auctionId: terms.auctionId,
  sequence: entry.sequence,
  decidedAt: entry.at,
  bids: (entry.bids ?? []).map((bid, index) => {
    const common = {
      bidId: bid.bidId,
      userId: bidderAt(document, index),
      bidder: bid.bidder,
      priceMinor: bid.priceMinor,
      quantity: bid.quantity
    }
    return bid.code === undefined
      ? { ...common, outcome: 'accepted' }
      : { ...common, outcome: 'refused', code: bid.code }
  }),
  outbidUserIds: document.outbid ?? [],
  standing: {
    priceMinor: entry.standing.priceMinor,
    priceToBeatMinor: priceToBeatAt(terms, entry.standing.priceMinor),
    leaderUserId: document.leader,
    leader: entry.standing.leader,
    reserveMet: entry.standing.reserveMet,
    bidCount: entry.standing.bidCount,
    quantityLeft: entry.standing.quantityLeft,
    endsAt: entry.standing.endsAt
  },
  hash: document.hash
})

const closed = (terms: Terms, document: LedgerDocument, entry: PublicEntry) => ({
  auctionId: terms.auctionId,
  productId: terms.productId,
  title: terms.title,
  sequence: entry.sequence,
  outcome: entry.closing?.outcome,
  winnerUserId: entry.closing?.winner === null ? null : document.leader,
  winner: entry.closing?.winner ?? null,
  priceMinor: entry.closing?.priceMinor,
  currency: terms.currency,
  bidCount: entry.standing.bidCount,
  closedAt: entry.at,
  hash: document.hash
})

interface TracedSale {
  sale: Sale
  /** Of the bid that is the sale; of the entry where the close is. */
  traceparent: string | undefined
}

function salesOf(terms: Terms, document: LedgerDocument, entry: PublicEntry): TracedSale[] {
  const sold = (sale: number, userId: string, quantity: number, unitPriceMinor: number): Sale => ({
    orderNumber: orderNumberOf(terms.auctionId, sale),
    auctionId: terms.auctionId,
    productId: terms.productId,
    userId,
    quantity,
    unitPriceMinor,
    totalMinor: unitPriceMinor * quantity,
    currency: terms.currency,
    confirmedAt: entry.at
  })
  const traces = new Map(document.bidTraces?.map(({ index, traceparent }) => [index, traceparent]))
  const sales = (entry.bids ?? []).flatMap((bid, index): TracedSale[] =>
    bid.sale === undefined
      ? []
      : [
          {
            sale: sold(bid.sale, bidderAt(document, index), bid.quantity, bid.priceMinor),
            traceparent: traces.get(index)
          }
        ]
  )
  const { closing } = entry
  if (closing && closing.sale > 0 && document.leader !== null) {
    const sale = sold(closing.sale, document.leader, terms.quantity, closing.priceMinor)
    sales.push({ sale, traceparent: document.traceparent })
  }
  return sales
}

function bidderAt(document: LedgerDocument, index: number): string {
  const key = document.keys?.[index]
  if (key === undefined)
    throw new Error(`Entry ${document._id.seq} of ${document._id.auctionId} does not say whose bid ${index} is`)
  return userOfKey(key)
}

/** A generous guess of what the events of an entry weigh on the wire. */
export const bytesOf = (document: LedgerDocument, entry: PublicEntry): number =>
  600 +
  document.text.length +
  (entry.bids ?? []).reduce((sum, bid) => sum + 150 + (bid.sale === undefined ? 0 : 800), 0)
