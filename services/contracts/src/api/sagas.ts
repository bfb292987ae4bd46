import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { FailureReason } from '../events/sale.ts'
import { Count, Id, OrderNumber, page, PageQuery, Sale, TimestampMs } from '../primitives.ts'

/** Every sale as its events tell it, whichever service they came from: operations of eventlog. */

const closed = { additionalProperties: false } as const

/**
 * `open`: nobody has ended it yet. `compensating`: it failed, and pieces or money that were taken have not come back yet. `ordered` and `failed`
 * are the ends.
 */
export const SagaState = Type.Union([
  Type.Literal('open'),
  Type.Literal('compensating'),
  Type.Literal('ordered'),
  Type.Literal('failed')
])
export type SagaState = Static<typeof SagaState>

const standing = {
  state: SagaState,
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
  ])
}
export const SagaStanding = Type.Object(standing, closed)
export type SagaStanding = Static<typeof SagaStanding>

export const Saga = Type.Object(
  {
    ...standing,
    sale: Sale,
    reason: Type.Optional(FailureReason),
    /** Has no end, or has not taken back what it took, for longer than sales take. */
    stuck: Type.Boolean(),
    /** Made to prove that the platform works; see canary.ts. */
    synthetic: Type.Boolean(),
    /** Its last step, by the time of the steps. */
    lastStep: Type.String(),
    lastStepAt: TimestampMs,
    endedAt: Type.Optional(TimestampMs),
    eventCount: Count
  },
  closed
)
export type Saga = Static<typeof Saga>

export const listSagas = defineOperation({
  id: 'listSagas',
  method: 'GET',
  path: '/api/sagas',
  role: 'admin',
  summary:
    'Sales and where they stand by the event log: those that are not over first, the longest waiting on top; then the others, newest first. Synthetic ones only where they are asked for.',
  query: Type.Object(
    {
      ...PageQuery,
      state: Type.Optional(SagaState),
      /** Confirmed at least so long ago. */
      ageMinMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 8_640_000_000_000 })),
      auctionId: Type.Optional(Id),
      productId: Type.Optional(Id),
      userId: Type.Optional(Id),
      synthetic: Type.Optional(Type.Boolean())
    },
    closed
  ),
  responses: { 200: page(Saga) },
  errors: []
})

export const SagaStory = Type.Object(
  {
    saga: Saga,
    /** In the order in which they happened. */
    steps: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          topic: Type.String(),
          time: TimestampMs,
          /** Of its event, in the log. */
          position: Count,
          eventId: Type.String(),
          source: Type.String(),
          traceId: Type.Optional(
            Type.String({ description: 'Of the trace that it is a part of: 32 hexadecimal digits.' })
          ),
          reason: Type.Optional(Type.String()),
          /** Milliseconds since the step before. */
          afterMs: Type.Optional(Count),
          /** How the sale stood after this step. */
          standing: SagaStanding
        },
        closed
      )
    )
  },
  closed
)
export type SagaStory = Static<typeof SagaStory>

export const readSaga = defineOperation({
  id: 'readSaga',
  method: 'GET',
  path: '/api/sagas/:orderNumber',
  role: 'admin',
  summary: 'The whole story of a sale: each event with its time, topic and trace, and how the sale stood after it.',
  params: Type.Object({ orderNumber: OrderNumber }, closed),
  responses: { 200: SagaStory },
  errors: ['SALE_NOT_FOUND', 'HISTORY_TOO_LONG']
})

export const countSagas = defineOperation({
  id: 'countSagas',
  method: 'GET',
  path: '/api/sagas-count',
  role: 'admin',
  summary: 'How many sales are in which state, and how many are stuck; synthetic ones only where they are stuck.',
  responses: {
    200: Type.Object(
      {
        open: Count,
        compensating: Count,
        ordered: Count,
        failed: Count,
        stuck: Count,
        /** When the longest waiting one was confirmed. */
        oldestUnfinishedAt: Type.Optional(TimestampMs)
      },
      closed
    )
  },
  errors: []
})
