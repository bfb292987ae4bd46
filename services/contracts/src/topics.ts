import type { TopicDefinition } from './define.ts'
import { AdminActed } from './events/audit.ts'
import {
  AuctionCancelled,
  AuctionClosed,
  AuctionExtended,
  AuctionOpened,
  AuctionOpenedV1,
  BidsDecided,
  CrowdTold,
  EndTold,
  OfferMade
} from './events/bidding.ts'
import {
  ProductAdded,
  ProductAddedV2,
  ProductChanged,
  ProductChangedV2,
  ProductRemoved,
  ProductRemovedV2
} from './events/catalog.ts'
import {
  AccountErased,
  ContactChanged,
  ContactErased,
  SigningKeyRequested,
  UserRegistered,
  UserRegisteredWithAddress
} from './events/identity.ts'
import { StockChanged, StockChangedV2 } from './events/inventory.ts'
import {
  AddProduct,
  AdjustStock,
  ChangeProduct,
  CommandsAnswered,
  PutProduct,
  RemoveProduct,
  SetStock
} from './events/commands.ts'
import {
  BidFailed,
  OrderCreated,
  PaymentCaptured,
  PaymentDeclined,
  PaymentRefunded,
  ReservationExpired,
  SaleConfirmed,
  StockRejected,
  StockReleased,
  StockReleasedV2,
  StockReserved,
  StockReservedV2
} from './events/sale.ts'
import { LedgersStated, PaymentsStated, ReservationsStated, SalesStated, StockStated } from './events/statements.ts'

const DAY_MS = 24 * 60 * 60 * 1000

const topic = <const Definition extends TopicDefinition>(definition: Definition): Definition => definition

export const users = topic({
  name: 'users',
  owner: 'identity',
  events: [UserRegisteredWithAddress, UserRegistered, AccountErased, SigningKeyRequested],
  key: 'userId',
  keyReason: 'the changes of one account stay in order',
  partitions: 3,
  retentionMs: 30 * DAY_MS
})
/**
 * Names and addresses. Kafka keeps the newest record of each key and removes what came before it, so that an erasure takes the place of
 * the person; and the log of events, which keeps all it hears for good, does not hear this.
 */
export const contacts = topic({
  name: 'contacts',
  owner: 'identity',
  events: [ContactChanged, ContactErased],
  key: 'userId',
  keyReason: 'the newest word on a person is the one that stays',
  partitions: 3,
  retentionMs: -1,
  compactedWithinMs: 6 * 60 * 60 * 1000,
  recorded: false
})
export const products = topic({
  name: 'products',
  owner: 'catalog',
  // The second versions are written; the first stay in the log and on the topic for as long as either keeps them.
  events: [ProductAdded, ProductChanged, ProductRemoved, ProductAddedV2, ProductChangedV2, ProductRemovedV2],
  key: 'productId',
  keyReason: 'a change must not overtake the addition of its product',
  partitions: 3,
  retentionMs: 30 * DAY_MS
})
export const stock = topic({
  name: 'stock',
  owner: 'inventory',
  events: [StockChanged, StockChangedV2],
  key: 'productId',
  keyReason: 'the last figure of a product wins',
  partitions: 3,
  retentionMs: 7 * DAY_MS
})
export const auctions = topic({
  name: 'auctions',
  owner: 'bidding',
  events: [AuctionOpenedV1, AuctionOpened, AuctionClosed, AuctionCancelled, OfferMade, CrowdTold, EndTold],
  key: 'auctionId',
  keyReason: 'an auction opens before it closes',
  partitions: 6,
  retentionMs: 30 * DAY_MS
})
export const bids = topic({
  name: 'bids',
  owner: 'bidding',
  events: [BidsDecided, AuctionExtended],
  key: 'auctionId',
  keyReason: 'the entries of one ledger stay in sequence',
  partitions: 6,
  retentionMs: 7 * DAY_MS
})
export const saleConfirmed = topic({
  name: 'sale-confirmed',
  owner: 'bidding',
  events: [SaleConfirmed],
  key: 'productId',
  keyReason: 'all takers of one product meet in one consumer, which serves them in order and in one transaction',
  partitions: 6,
  retentionMs: 30 * DAY_MS
})
export const reservations = topic({
  name: 'reservations',
  owner: 'inventory',
  events: [StockReserved, StockReservedV2, StockRejected, StockReleased, StockReleasedV2, ReservationExpired],
  key: 'orderNumber',
  keyReason: 'a release follows its reservation',
  partitions: 6,
  retentionMs: 30 * DAY_MS
})
export const payments = topic({
  name: 'payments',
  owner: 'payment',
  events: [PaymentCaptured, PaymentDeclined, PaymentRefunded],
  key: 'orderNumber',
  keyReason: 'a refund follows its capture',
  partitions: 6,
  retentionMs: 30 * DAY_MS
})
export const orders = topic({
  name: 'orders',
  owner: 'order',
  events: [OrderCreated, BidFailed],
  key: 'orderNumber',
  keyReason: 'one sale has one end',
  partitions: 6,
  retentionMs: 30 * DAY_MS
})

export const audit = topic({
  name: 'audit',
  owner: 'platform',
  events: [AdminActed],
  key: 'userId',
  keyReason: 'what one admin did in one service is read in the order in which it ended',
  partitions: 3,
  retentionMs: 30 * DAY_MS
})
export const statements = topic({
  name: 'statements',
  owner: 'eventlog',
  events: [LedgersStated, ReservationsStated, StockStated, PaymentsStated, SalesStated],
  key: 'service',
  keyReason: 'nothing depends on it: each page stands for itself',
  partitions: 3,
  retentionMs: DAY_MS,
  recorded: false
})

/** What imports ask for. The log of events does not keep it: what came of it is told by the events of products and stock. */
export const productCommands = topic({
  name: 'product-commands',
  owner: 'catalog',
  events: [AddProduct, ChangeProduct, PutProduct, RemoveProduct],
  key: 'productId',
  keyReason: 'the rows of one product are carried out in the order of their file',
  partitions: 6,
  retentionMs: 7 * DAY_MS,
  recorded: false
})
export const stockCommands = topic({
  name: 'stock-commands',
  owner: 'catalog',
  events: [SetStock, AdjustStock],
  key: 'productId',
  keyReason: 'a count that follows an adjustment is not overtaken by it',
  partitions: 6,
  retentionMs: 7 * DAY_MS,
  recorded: false
})
export const commandAnswers = topic({
  name: 'command-answers',
  owner: 'inventory',
  events: [CommandsAnswered],
  key: 'importId',
  keyReason: 'the answers to one import are folded by one consumer, which then sends its next rows',
  partitions: 3,
  retentionMs: 7 * DAY_MS,
  recorded: false
})

/** Every domain topic. Kafka resources, AsyncAPI and the standalone mode are made from this list. */
export const topics: readonly TopicDefinition[] = [
  users,
  contacts,
  products,
  stock,
  auctions,
  bids,
  saleConfirmed,
  reservations,
  payments,
  orders,
  audit,
  statements,
  productCommands,
  stockCommands,
  commandAnswers
]

/** Those that the event log keeps. */
export const recordedTopics: readonly TopicDefinition[] = topics.filter(({ recorded }) => recorded !== false)

/**
 * Every line of every service's log, as JSON. No domain topic: nobody's state comes from it, so the event log does not keep it, and what
 * its readers store outlives it.
 */
export const logLines = topic({
  name: 'log',
  owner: 'logs',
  events: [],
  key: 'process',
  keyReason: 'the lines of one process stay in order',
  partitions: 3,
  retentionMs: DAY_MS
})

/** Every topic there must be besides the dead letters': the domain's, and the log's. */
export const allTopics: readonly TopicDefinition[] = [...topics, logLines]

/** A topic's settings on the broker. */
export const topicConfig = ({
  retentionMs,
  compactedWithinMs
}: Pick<TopicDefinition, 'retentionMs' | 'compactedWithinMs'>) => ({
  'retention.ms': String(retentionMs),
  ...(compactedWithinMs === undefined
    ? {}
    : {
        'cleanup.policy': 'compact',
        // A segment that is written to is never compacted: it is closed and looked at within this time.
        'max.compaction.lag.ms': String(compactedWithinMs),
        'segment.ms': String(compactedWithinMs)
      })
})

/** Where a consumer group's events go after their last attempt: `<group>.dlq`, key and headers kept. */
export const deadLetterTopic = (group: string): string => `${group}.dlq`
export const deadLetterPartitions = 1
export const deadLetterRetentionMs = 90 * DAY_MS
