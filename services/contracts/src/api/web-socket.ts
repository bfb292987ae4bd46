import { Type, type Static } from 'typebox'
import { AuctionMode } from '../events/bidding.ts'
import { Currency, Id, Minor, PositiveMinor, Quantity, TimestampMs } from '../primitives.ts'
import { AuctionOutcome, AuctionStatus, BidReceipt, BidRequest } from './bidding.ts'
import { Notification } from './notification.ts'

/**
 * WebSocket frames are JSON text. A client opens with the sub-protocols `gavel.v1` and `bearer.<access token>`
 * (browsers can set no header); without a token only public streams may be read.
 *
 * `/ws/auctions/:auctionId` (bidding): frames of {@link PlaceBidFrame}; each is answered by {@link BidAnswerFrame} with its bidId.
 * `/ws/live` (notification): {@link SubscribeFrame} for `auction:<id>` or `me`; answers: snapshot, then events without a gap.
 */
export const webSocketProtocol = 'gavel.v1'
export const bearerProtocolPrefix = 'bearer.'

export const PlaceBidFrame = Type.Object(
  { type: Type.Literal('bid'), bid: BidRequest },
  { additionalProperties: false }
)
export type PlaceBidFrame = Static<typeof PlaceBidFrame>

export const BidAnswerFrame = Type.Union([
  Type.Object({ type: Type.Literal('receipt'), receipt: BidReceipt }, { additionalProperties: false }),
  Type.Object(
    {
      type: Type.Literal('problem'),
      bidId: Type.Optional(Id),
      /** A problem document, RFC 9457, with `code`; `receipt` where the refusal is in the ledger. */
      problem: Type.Object({}, { additionalProperties: true })
    },
    { additionalProperties: false }
  )
])
export type BidAnswerFrame = Static<typeof BidAnswerFrame>

export const StreamName = Type.String({ pattern: '^(me|auction:[A-Za-z0-9_-]{1,64})$' })

export const SubscribeFrame = Type.Object(
  {
    type: Type.Union([Type.Literal('subscribe'), Type.Literal('unsubscribe')]),
    stream: StreamName,
    /** The last sequence the client has: it gets what followed, or a snapshot where that is no longer kept. */
    afterSequence: Type.Optional(Type.Integer({ minimum: 0 }))
  },
  { additionalProperties: false }
)
export type SubscribeFrame = Static<typeof SubscribeFrame>

/** What `/ws/live` sends. `sequence` rises by one within a stream; a snapshot says from where. */
export const LiveFrame = Type.Union([
  Type.Object(
    {
      type: Type.Literal('snapshot'),
      stream: StreamName,
      sequence: Type.Integer({ minimum: 0 }),
      state: Type.Unknown()
    },
    { additionalProperties: false }
  ),
  Type.Object(
    {
      type: Type.Literal('event'),
      stream: StreamName,
      sequence: Type.Integer({ minimum: 0 }),
      name: Type.String({ maxLength: 60 }),
      data: Type.Unknown()
    },
    { additionalProperties: false }
  ),
  Type.Object(
    {
      type: Type.Literal('problem'),
      stream: Type.Optional(Type.String({ maxLength: 80 })),
      problem: Type.Object({}, { additionalProperties: true })
    },
    { additionalProperties: false }
  ),
  Type.Object(
    { type: Type.Literal('time'), serverTimeMs: Type.Integer({ minimum: 0 }) },
    { additionalProperties: false }
  )
])
export type LiveFrame = Static<typeof LiveFrame>

/** The state of the stream `auction:<id>`: its snapshot's `state`, and the member `state` of each of its events. */
export const LiveAuction = Type.Object(
  {
    auctionId: Id,
    productId: Id,
    title: Type.String({ minLength: 1, maxLength: 200 }),
    mode: AuctionMode,
    status: AuctionStatus,
    currency: Currency,
    openingPriceMinor: PositiveMinor,
    priceMinor: Minor,
    priceToBeatMinor: PositiveMinor,
    /** A bid of this much or more ends the auction at once, at this price. */
    buyNowPriceMinor: Type.Optional(PositiveMinor),
    /** The same per-auction pseudonym as in the ledger; null before the first bid. */
    leader: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
    reserveMet: Type.Boolean(),
    bidCount: Minor,
    quantity: Quantity,
    quantityLeft: Minor,
    startsAt: TimestampMs,
    endsAt: TimestampMs,
    /** Present once it is closed. */
    outcome: Type.Optional(AuctionOutcome),
    /** Why it was cancelled. */
    cancelReason: Type.Optional(Type.String({ maxLength: 500 })),
    closedAt: Type.Optional(TimestampMs)
  },
  { additionalProperties: false }
)
export type LiveAuction = Static<typeof LiveAuction>

/**
 * `data` of an event of the stream `auction:<id>`, named `BidsDecided`, `AuctionExtended`, `AuctionClosed` or `AuctionCancelled`; `sequence` is the ledger's.
 * It carries the whole state, so a client replaces what it has. `bids` are the newest accepted ones, for a ticker.
 */
export const LiveAuctionEvent = Type.Object(
  {
    state: LiveAuction,
    at: TimestampMs,
    accepted: Minor,
    refused: Minor,
    bids: Type.Array(
      Type.Object({ bidder: Type.String({ maxLength: 64 }), priceMinor: Minor }, { additionalProperties: false }),
      { maxItems: 20 }
    )
  },
  { additionalProperties: false }
)
export type LiveAuctionEvent = Static<typeof LiveAuctionEvent>

/** The snapshot's `state` of the stream `me`, newest first. Its events are named `Notification`; their `data` is one {@link Notification}. */
export const LiveInbox = Type.Object(
  { unread: Minor, newest: Type.Array(Notification, { maxItems: 50 }) },
  { additionalProperties: false }
)
export type LiveInbox = Static<typeof LiveInbox>
