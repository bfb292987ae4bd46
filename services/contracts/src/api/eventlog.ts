import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { AuctionMode } from '../events/bidding.ts'
import { ProductData } from '../events/catalog.ts'
import { FailureReason } from '../events/sale.ts'
import {
  Count,
  Currency,
  Hash,
  Id,
  Minor,
  OrderNumber,
  page,
  PageQuery,
  Pieces,
  Position,
  PositiveMinor,
  Quantity,
  Sale,
  TimestampMs
} from '../primitives.ts'
import { recordedTopics } from '../topics.ts'
import { AuctionOutcome } from './bidding.ts'

export * from './audit.ts'
export * from './dead-letters.ts'
export * from './reconciliation.ts'
export * from './replays.ts'
export * from './sagas.ts'
export * from './statistics.ts'

const TopicName = Type.Unsafe<string>(Type.Union(recordedTopics.map(({ name }) => Type.Literal(name))))
const EventId = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[^\\u0000]+$',
  description: 'The id its sender gave it; unique on its topic.'
})
const EventType = Type.String({
  minLength: 1,
  maxLength: 120,
  pattern: '^[A-Za-z0-9.]+$',
  description: '`gavel.<Name>.v<version>`.'
})
const Subject = Type.String({ minLength: 1, maxLength: 128, pattern: '^[^\\u0000]+$' })

/**
 * An event as the log keeps it. `hash` is the SHA-256 of the canonical JSON (RFC 8785) of all its other members, among them
 * `previousHash`, so that any reader can verify the chain.
 */
export const RecordedEvent = Type.Object(
  {
    position: Position,
    eventId: Type.String(),
    type: Type.String(),
    source: Type.String(),
    subject: Type.Optional(Type.String()),
    topic: Type.String(),
    /** Where the event stood in Kafka. */
    partition: Count,
    offset: Count,
    key: Type.String(),
    /** When it happened, as its sender says. */
    time: Type.Integer({ description: 'Milliseconds since the Unix epoch.' }),
    /** When the log took it; never falls from one position to the next. */
    recordedAt: TimestampMs,
    traceparent: Type.Optional(Type.String()),
    data: Type.Object({}, { additionalProperties: true }),
    previousHash: Hash,
    hash: Hash
  },
  { additionalProperties: false }
)
export type RecordedEvent = Static<typeof RecordedEvent>

const Filters = {
  topic: Type.Optional(TopicName),
  type: Type.Optional(EventType),
  subject: Type.Optional(Subject),
  key: Type.Optional(Subject)
}

export const listEvents = defineOperation({
  id: 'listEvents',
  method: 'GET',
  path: '/api/events',
  role: 'admin',
  summary:
    'Recorded events by position, oldest first or newest first, from a position (included). `after` and `before` bound the time of the event.',
  query: Type.Object(
    {
      ...PageQuery,
      ...Filters,
      from: Type.Optional(Position),
      after: Type.Optional(TimestampMs),
      before: Type.Optional(TimestampMs),
      order: Type.Optional(Type.Union([Type.Literal('oldest-first'), Type.Literal('newest-first')]))
    },
    { additionalProperties: false }
  ),
  responses: { 200: page(RecordedEvent) },
  errors: []
})

export const readEvent = defineOperation({
  id: 'readEvent',
  method: 'GET',
  path: '/api/events/:eventId',
  role: 'admin',
  summary:
    'One event by its id. Ids are unique on a topic; where two topics know the same id, the one recorded first, or that of the topic named.',
  params: Type.Object({ eventId: EventId }, { additionalProperties: false }),
  query: Type.Object({ topic: Type.Optional(TopicName) }, { additionalProperties: false }),
  responses: { 200: RecordedEvent },
  errors: ['EVENT_NOT_FOUND']
})

export const streamEvents = defineOperation({
  id: 'streamEvents',
  method: 'GET',
  path: '/api/events/stream',
  role: 'admin',
  stream: true,
  summary:
    'Server-Sent Events: recorded events from a position through history to now, then live, none left out and none twice. `id` is the position; a client that comes again with `Last-Event-ID` goes on behind it.',
  query: Type.Object({ ...Filters, from: Type.Optional(Position) }, { additionalProperties: false }),
  responses: {
    200: Type.Unsafe<AsyncIterable<string>>(
      Type.String({ description: 'A stream of `id: <position>`, `data: <event>`.' })
    )
  },
  errors: []
})

/** Positions that one call verifies at most. */
export const VERIFY_LIMIT = 10_000

export const verifyEvents = defineOperation({
  id: 'verifyEvents',
  method: 'GET',
  path: '/api/events/verify',
  role: 'admin',
  summary: `Computes the hash chain of a range again, ${VERIFY_LIMIT} positions at most; \`nextFrom\` says where to go on.`,
  query: Type.Object({ from: Type.Optional(Position), to: Type.Optional(Position) }, { additionalProperties: false }),
  responses: {
    200: Type.Object(
      {
        from: Position,
        /** The last position looked at; below `from` where the log ends before it. */
        to: Count,
        checked: Count,
        valid: Type.Boolean(),
        /** The first position that is not as it was written. */
        broken: Type.Optional(
          Type.Object(
            {
              position: Position,
              reason: Type.Union([Type.Literal('missing'), Type.Literal('altered'), Type.Literal('unlinked')])
            },
            { additionalProperties: false }
          )
        ),
        head: Type.Object({ position: Count, hash: Hash }, { additionalProperties: false }),
        nextFrom: Type.Optional(Position)
      },
      { additionalProperties: false }
    )
  },
  errors: []
})

/** Events that one history is folded from at most. */
export const HISTORY_LIMIT = 50_000

const AtQuery = Type.Object(
  /** Now where it is not given. */
  { at: Type.Optional(TimestampMs) },
  { additionalProperties: false }
)
/** What a state was folded from. */
const folded = { at: TimestampMs, eventCount: Count, lastPosition: Position }

const nullable = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()])
const closed = { additionalProperties: false } as const

export const AuctionAt = Type.Object(
  {
    auctionId: Id,
    ...folded,
    status: Type.Union([Type.Literal('scheduled'), Type.Literal('open'), Type.Literal('closed')]),
    /** Null where the log does not have the opening. */
    terms: nullable(
      Type.Object(
        {
          productId: Id,
          title: Type.String(),
          mode: AuctionMode,
          currency: Currency,
          openingPriceMinor: PositiveMinor,
          buyNowPriceMinor: Type.Optional(PositiveMinor),
          quantity: Quantity,
          startsAt: TimestampMs,
          endsAt: TimestampMs
        },
        closed
      )
    ),
    /** After the last entry decided; null before the first. */
    standing: nullable(
      Type.Object(
        {
          sequence: Count,
          priceMinor: Minor,
          priceToBeatMinor: PositiveMinor,
          leaderUserId: nullable(Id),
          reserveMet: Type.Boolean(),
          bidCount: Count,
          quantityLeft: Count,
          endsAt: TimestampMs
        },
        closed
      )
    ),
    bids: Type.Object({ accepted: Count, refused: Count }, closed),
    /** The last time that an admin moved the end; bids may have moved it on since. */
    extended: nullable(Type.Object({ sequence: Count, endsAt: TimestampMs }, closed)),
    closing: nullable(
      Type.Object(
        {
          sequence: Count,
          outcome: AuctionOutcome,
          winnerUserId: nullable(Id),
          priceMinor: Minor,
          closedAt: TimestampMs,
          /** Why it was cancelled. */
          reason: Type.Optional(Type.String())
        },
        closed
      )
    ),
    offers: Type.Array(
      Type.Object(
        { offerId: Id, userId: Id, priceMinor: PositiveMinor, madeAt: TimestampMs, expiresAt: TimestampMs },
        closed
      )
    )
  },
  closed
)
export type AuctionAt = Static<typeof AuctionAt>

export const readAuctionAt = defineOperation({
  id: 'readAuctionAt',
  method: 'GET',
  path: '/api/history/auctions/:auctionId',
  role: 'admin',
  summary: 'An auction as it was at a moment.',
  params: Type.Object({ auctionId: Id }, closed),
  query: AtQuery,
  responses: { 200: AuctionAt },
  errors: ['AUCTION_NOT_FOUND', 'HISTORY_TOO_LONG']
})

export const SaleAt = Type.Object(
  {
    orderNumber: OrderNumber,
    ...folded,
    sale: Sale,
    status: Type.Union([Type.Literal('open'), Type.Literal('ordered'), Type.Literal('failed')]),
    stock: Type.Union([
      Type.Literal('waiting'),
      Type.Literal('reserved'),
      Type.Literal('rejected'),
      Type.Literal('released')
    ]),
    payment: Type.Union([
      Type.Literal('waiting'),
      Type.Literal('captured'),
      Type.Literal('declined'),
      Type.Literal('refunded')
    ]),
    reason: Type.Optional(FailureReason),
    paymentId: Type.Optional(Id),
    endedAt: Type.Optional(TimestampMs),
    /** The saga's whole story, in the order in which it happened. */
    steps: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          time: TimestampMs,
          position: Position,
          eventId: Type.String(),
          source: Type.String(),
          reason: Type.Optional(Type.String()),
          traceparent: Type.Optional(Type.String())
        },
        closed
      )
    )
  },
  closed
)
export type SaleAt = Static<typeof SaleAt>

export const readOrderAt = defineOperation({
  id: 'readOrderAt',
  method: 'GET',
  path: '/api/history/orders/:orderNumber',
  role: 'admin',
  summary: 'A sale as it stood at a moment: every step of its saga with its time.',
  params: Type.Object({ orderNumber: OrderNumber }, closed),
  query: AtQuery,
  responses: { 200: SaleAt },
  errors: ['SALE_NOT_FOUND', 'HISTORY_TOO_LONG']
})

export const ProductAt = Type.Object(
  {
    productId: Id,
    ...folded,
    status: Type.Union([Type.Literal('unknown'), Type.Literal('listed'), Type.Literal('removed')]),
    /** Its last description, of a removed product too; null where the log has none. */
    product: nullable(ProductData),
    changedBy: Type.Optional(Id),
    changedAt: Type.Optional(TimestampMs),
    /** Over all locations. */
    available: Pieces,
    reserved: Pieces,
    sold: Pieces,
    locations: Type.Array(
      Type.Object(
        { location: Id, available: Pieces, reserved: Pieces, sold: Pieces, version: Count, changedAt: TimestampMs },
        closed
      )
    )
  },
  closed
)
export type ProductAt = Static<typeof ProductAt>

export const readProductAt = defineOperation({
  id: 'readProductAt',
  method: 'GET',
  path: '/api/history/products/:productId',
  role: 'admin',
  summary: 'A product as it was at a moment: its description and its stock by location.',
  params: Type.Object({ productId: Id }, closed),
  query: AtQuery,
  responses: { 200: ProductAt },
  errors: ['PRODUCT_NOT_FOUND', 'HISTORY_TOO_LONG']
})
