import { Type } from 'typebox'
import { defineEvent } from '../define.ts'
import { Id, TimestampMs } from '../primitives.ts'

/** `unknown`: the process ended before it could tell, so it may have been done or not. */
export const ActOutcome = Type.Union([
  Type.Literal('done'),
  Type.Literal('refused'),
  Type.Literal('failed'),
  Type.Literal('unknown')
])

export const AdminActed = defineEvent(
  'AdminActed',
  1,
  'An admin called an operation that changes something. It carries no body: who, what, on what, and how it ended.',
  Type.Object(
    {
      actId: Id,
      /** Who. */
      userId: Id,
      role: Type.Literal('admin'),
      service: Type.String({ minLength: 1, maxLength: 40 }),
      operation: Type.String({ minLength: 1, maxLength: 80 }),
      /** Those of the path. */
      params: Type.Record(Type.String(), Type.String()),
      /** What it acted on, where the operation says so. */
      subject: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
      outcome: ActOutcome,
      /** Of the answer. */
      status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
      /** Of the problem, where it was not done. */
      code: Type.Optional(Type.String({ maxLength: 40 })),
      /** As the admin gave it. */
      reason: Type.Optional(Type.String({ maxLength: 500 })),
      traceId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
      begunAt: TimestampMs,
      endedAt: TimestampMs
    },
    { additionalProperties: false }
  )
)
