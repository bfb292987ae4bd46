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

export const SigningKeyRequested = defineEvent(
  'SigningKeyRequested',
  1,
  'An admin had a new signing key published. Rotations by age have no author and no event.',
  Type.Object(
    {
      kid: Type.String({ minLength: 1, maxLength: 64 }),
      signsFrom: TimestampMs,
      changedBy: Id,
      changedAt: TimestampMs
    },
    { additionalProperties: false }
  )
)
