import { Type } from 'typebox'
import { defineEvent } from '../define.ts'
import { Email, Id, TimestampMs } from '../primitives.ts'

export const UserRegistered = defineEvent(
  'UserRegistered',
  1,
  'An account was made. Carries what a message to its owner needs.',
  Type.Object(
    {
      userId: Id,
      email: Email,
      displayName: Type.String({ minLength: 1, maxLength: 80 }),
      role: Type.Union([Type.Literal('bidder'), Type.Literal('admin')]),
      registeredAt: TimestampMs
    },
    { additionalProperties: false }
  )
)
