import { isAudited, type Operation, type TopicDefinition } from './define.ts'
import * as bidderApi from './api/bidder.ts'
import * as biddingApi from './api/bidding.ts'
import * as catalogApi from './api/catalog.ts'
import * as eventlogApi from './api/eventlog.ts'
import * as healthApi from './api/health.ts'
import * as identityApi from './api/identity.ts'
import * as inventoryApi from './api/inventory.ts'
import * as logsApi from './api/logs.ts'
import * as notificationApi from './api/notification.ts'
import * as orderApi from './api/order.ts'
import * as paymentApi from './api/payment.ts'
import {
  audit,
  auctions,
  bids,
  commandAnswers,
  contacts,
  logLines,
  orders,
  payments,
  recordedTopics,
  reservations,
  saleConfirmed,
  productCommands,
  products,
  stock,
  stockCommands,
  users
} from './topics.ts'

export type Store = 'postgres' | 'mongodb' | 'redis' | 'kafka'

export interface ServiceDefinition {
  /** Folder, package suffix, image, Deployment, Kubernetes Service, consumer group prefix, database and `service.name`. */
  name: string
  doc: string
  /** Offset from the base of internal ports in standalone mode. In a cluster every service listens on 8080. */
  portOffset: number
  stores: readonly Store[]
  consumes: readonly TopicDefinition[]
  /** Services whose operations it asks for, each told to it as `<NAME>_URL`. Everything else they learn of each other from events. */
  calls?: readonly string[]
  operations: readonly Operation[]
  /** WebSocket paths, as prefixes at the gateway. */
  webSockets: readonly string[]
  /** `auction`: the gateway hashes the auction id, so that one auction's bids meet in one process. */
  affinity: 'none' | 'auction'
  /** Paths without a role check that are not operations: pages and assets. */
  pages?: readonly string[]
  scaling: { replicasMin: number; replicasMax: number; signal: 'cpu' | 'lag' | 'bids' }
}

const operationsOf = (api: Record<string, unknown>): readonly Operation[] =>
  Object.values(api).filter(
    (value): value is Operation => typeof value === 'object' && value !== null && 'method' in value && 'path' in value
  )

/** The one list of services. Deployments, gateway routes, topics, scalers, health checks and docs come from it. */
export const services: readonly ServiceDefinition[] = [
  {
    name: 'identity',
    doc: 'Accounts, roles, tokens and their public keys.',
    portOffset: 1,
    stores: ['postgres', 'kafka'],
    consumes: [],
    operations: operationsOf(identityApi),
    webSockets: [],
    affinity: 'none',
    scaling: { replicasMin: 2, replicasMax: 6, signal: 'cpu' }
  },
  {
    name: 'catalog',
    doc: 'The products, the search over them with price, stock and auction beside each, and imports of both.',
    portOffset: 2,
    stores: ['postgres', 'redis', 'kafka'],
    consumes: [products, stock, auctions, bids, productCommands, commandAnswers],
    // The log of events, from which the search is built anew.
    calls: ['eventlog'],
    operations: operationsOf(catalogApi),
    webSockets: [],
    affinity: 'none',
    scaling: { replicasMin: 2, replicasMax: 8, signal: 'cpu' }
  },
  {
    name: 'bidding',
    doc: 'Auctions, fixed-price sales and the ledger of every bid.',
    portOffset: 3,
    stores: ['mongodb', 'kafka'],
    // Its own bids too: each bidder’s list of them is a read side, made of events.
    consumes: [orders, bids],
    operations: operationsOf({ ...biddingApi, ...bidderApi }),
    webSockets: ['/ws/auctions/'],
    affinity: 'auction',
    scaling: { replicasMin: 2, replicasMax: 12, signal: 'bids' }
  },
  {
    name: 'inventory',
    doc: 'Stock by product and location: reserve, release, sell, adjust.',
    portOffset: 4,
    stores: ['postgres', 'redis', 'kafka'],
    consumes: [saleConfirmed, orders, stockCommands],
    operations: operationsOf(inventoryApi),
    webSockets: [],
    affinity: 'none',
    scaling: { replicasMin: 2, replicasMax: 6, signal: 'lag' }
  },
  {
    name: 'payment',
    doc: 'Charges and refunds through a provider.',
    portOffset: 5,
    stores: ['postgres', 'kafka'],
    consumes: [reservations, orders, users],
    operations: operationsOf(paymentApi),
    webSockets: [],
    affinity: 'none',
    scaling: { replicasMin: 2, replicasMax: 6, signal: 'lag' }
  },
  {
    name: 'order',
    doc: 'Immutable orders, and the one decision how each sale ends.',
    portOffset: 6,
    stores: ['postgres', 'kafka'],
    consumes: [saleConfirmed, reservations, payments],
    operations: operationsOf(orderApi),
    webSockets: [],
    affinity: 'none',
    scaling: { replicasMin: 2, replicasMax: 6, signal: 'lag' }
  },
  {
    name: 'notification',
    doc: 'Live streams, e-mail and each user’s stored notifications.',
    portOffset: 7,
    stores: ['mongodb', 'kafka'],
    consumes: [contacts, auctions, bids, payments, orders],
    operations: operationsOf(notificationApi),
    webSockets: ['/ws/live'],
    affinity: 'none',
    scaling: { replicasMin: 2, replicasMax: 8, signal: 'lag' }
  },
  {
    name: 'eventlog',
    doc: 'The append-only log of every domain event: history, then live; what was at any moment.',
    portOffset: 10,
    stores: ['postgres', 'kafka'],
    consumes: recordedTopics,
    operations: operationsOf(eventlogApi),
    webSockets: [],
    affinity: 'none',
    // One process appends at a time; a second one takes over and answers.
    scaling: { replicasMin: 2, replicasMax: 4, signal: 'lag' }
  },
  {
    name: 'logs',
    doc: 'Every line of every service’s log: search, and a live trace.',
    portOffset: 11,
    stores: ['mongodb', 'kafka'],
    consumes: [logLines],
    operations: operationsOf(logsApi),
    webSockets: ['/ws/logs'],
    affinity: 'none',
    scaling: { replicasMin: 2, replicasMax: 3, signal: 'lag' }
  },
  {
    name: 'health',
    doc: 'Is the platform well: every service and consumer group, each culprit by name, and when it was otherwise.',
    portOffset: 8,
    stores: ['redis', 'kafka'],
    consumes: [],
    operations: operationsOf(healthApi),
    webSockets: [],
    affinity: 'none',
    scaling: { replicasMin: 1, replicasMax: 2, signal: 'cpu' }
  },
  {
    name: 'web',
    doc: 'The pages, and the platform’s API reference.',
    portOffset: 9,
    stores: [],
    consumes: [],
    operations: [],
    webSockets: [],
    affinity: 'none',
    // The single page answers at each of its own addresses, so that every view can be linked to and reloaded.
    pages: ['/', '/assets/', '/docs', '/auctions', '/items', '/account', '/admin', '/operations'],
    scaling: { replicasMin: 2, replicasMax: 4, signal: 'cpu' }
  }
]

export const serviceNamed = (name: string): ServiceDefinition => {
  const service = services.find((candidate) => candidate.name === name)
  if (!service) throw new Error(`There is no service named ${name}`)
  return service
}

/** A service's consumer groups: one for each topic it reads, so that a slow topic does not hold up another. */
export const consumerGroup = (service: string, topic: TopicDefinition): string => `${service}.${topic.name}`

/** Who writes to a topic: its owner, or every service with operations that are audited. */
export const senders = (topic: TopicDefinition): readonly string[] =>
  topic === audit
    ? services.filter(({ operations }) => operations.some(isAudited)).map(({ name }) => name)
    : [topic.owner]
