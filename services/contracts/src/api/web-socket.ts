import { Type, type Static } from 'typebox'
import { Id } from '../primitives.ts'
import { BidReceipt, BidRequest } from './bidding.ts'

/**
 * WebSocket frames are JSON text. A client opens with the sub-protocols `gavel.v1` and `bearer.<access token>`
 * (browsers can set no header); without a token only public streams may be read.
 *
 * `/ws/auctions/:auctionId` (bidding): frames of {@link PlaceBidFrame}; each is answered by {@link BidAnswerFrame} with its bidId.
 * `/ws/live` (notification): {@link SubscribeFrame} for `auction:<id>` or `me`; answers: snapshot, then events without a gap.
 */
export const webSocketProtocol = 'gavel.v1'
export const bearerProtocolPrefix = 'bearer.'

export const PlaceBidFrame = Type.Object({ type: Type.Literal('bid'), bid: BidRequest }, { additionalProperties: false })
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
  Type.Object({ type: Type.Literal('snapshot'), stream: StreamName, sequence: Type.Integer({ minimum: 0 }), state: Type.Unknown() }, { additionalProperties: false }),
  Type.Object({ type: Type.Literal('event'), stream: StreamName, sequence: Type.Integer({ minimum: 0 }), name: Type.String({ maxLength: 60 }), data: Type.Unknown() }, { additionalProperties: false }),
  Type.Object({ type: Type.Literal('problem'), stream: Type.Optional(Type.String({ maxLength: 80 })), problem: Type.Object({}, { additionalProperties: true }) }, { additionalProperties: false }),
  Type.Object({ type: Type.Literal('time'), serverTimeMs: Type.Integer({ minimum: 0 }) }, { additionalProperties: false })
])
export type LiveFrame = Static<typeof LiveFrame>
