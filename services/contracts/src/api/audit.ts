import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { ActOutcome, AdminActed } from '../events/audit.ts'
import { Id, page, PageQuery, TimestampMs } from '../primitives.ts'

/** What admins did: an operation of eventlog, which keeps every act for good. */

const closed = { additionalProperties: false } as const

export const AuditedAct = Type.Object(
  {
    /** Where it stands in the log of events. */
    position: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    ...AdminActed.data.properties
  },
  closed
)
export type AuditedAct = Static<typeof AuditedAct>

export const listAudit = defineOperation({
  id: 'listAudit',
  method: 'GET',
  path: '/api/audit',
  role: 'admin',
  summary: 'What admins did, newest first: who, which operation, on what, how it ended.',
  query: Type.Object(
    {
      ...PageQuery,
      /** The admin who acted. */
      userId: Type.Optional(Id),
      service: Type.Optional(Type.String({ minLength: 1, maxLength: 40, pattern: '^[a-z]+$' })),
      operation: Type.Optional(Type.String({ minLength: 1, maxLength: 80, pattern: '^[A-Za-z]+$' })),
      subject: Type.Optional(Type.String({ minLength: 1, maxLength: 128, pattern: '^[\\u0020-\\u007e]+$' })),
      outcome: Type.Optional(ActOutcome),
      /** Bounds of when it ended: not before `after`, and before `before`. */
      after: Type.Optional(TimestampMs),
      before: Type.Optional(TimestampMs)
    },
    closed
  ),
  responses: { 200: page(AuditedAct) },
  errors: []
})
