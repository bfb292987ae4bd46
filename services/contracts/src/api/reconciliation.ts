import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Count, page, PageQuery, TimestampMs } from '../primitives.ts'

/** What services have in their databases, compared with what the event log says must be there: operations of eventlog. */

const closed = { additionalProperties: false } as const

export const StatementName = Type.Union([
  Type.Literal('ledgers'),
  Type.Literal('reservations'),
  Type.Literal('stock'),
  Type.Literal('payments'),
  Type.Literal('sales')
])
export type StatementName = Static<typeof StatementName>

export const DifferenceKind = Type.Union([
  /** The log says that it must be there, and it is not. */
  Type.Literal('missing'),
  /** It is there, and the log knows nothing of it. */
  Type.Literal('unknown'),
  /** It stands otherwise than its events say. */
  Type.Literal('state'),
  /** Money that is not what the sale says. */
  Type.Literal('amount'),
  /** Pieces that are not what events or reservations add up to. */
  Type.Literal('pieces'),
  /** A sale that has not ended, or has not given back what it took, in the time it may take. */
  Type.Literal('unfinished')
])
export type DifferenceKind = Static<typeof DifferenceKind>

export const Difference = Type.Object(
  {
    statement: StatementName,
    /** Whose database it is. */
    service: Type.String(),
    /** An order number, a product or an auction. */
    subject: Type.String(),
    kind: DifferenceKind,
    /** By the event log. */
    expected: Type.String(),
    /** In the service's database. */
    found: Type.String(),
    firstSeenAt: TimestampMs,
    lastSeenAt: TimestampMs,
    /** When a comparison found it gone. */
    goneAt: Type.Optional(TimestampMs)
  },
  closed
)
export type Difference = Static<typeof Difference>

export const readReconciliation = defineOperation({
  id: 'readReconciliation',
  method: 'GET',
  path: '/api/reconciliation',
  role: 'admin',
  summary:
    'Is everything where it must be: open differences by statement (zero is the normal figure), when each was last compared, and how much.',
  responses: {
    200: Type.Object(
      {
        differences: Count,
        statements: Type.Array(
          Type.Object(
            {
              statement: StatementName,
              service: Type.String(),
              differences: Count,
              /** Absent before the first comparison. */
              checkedAt: Type.Optional(TimestampMs),
              /** When the last whole round ended. */
              roundEndedAt: Type.Optional(TimestampMs),
              /** Of the round before this one: what was compared, and what was left out because it was on its way. */
              compared: Count,
              onTheirWay: Count
            },
            closed
          )
        )
      },
      closed
    )
  },
  errors: []
})

export const listDifferences = defineOperation({
  id: 'listDifferences',
  method: 'GET',
  path: '/api/reconciliation/differences',
  role: 'admin',
  summary: 'Differences, newest first: those that are open, or those that are gone.',
  query: Type.Object(
    {
      ...PageQuery,
      statement: Type.Optional(StatementName),
      open: Type.Optional(Type.Boolean({ default: true }))
    },
    closed
  ),
  responses: { 200: page(Difference) },
  errors: []
})
