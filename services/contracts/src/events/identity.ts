import { Type } from 'typebox'
import { defineEvent } from '../define.ts'
import { Email, Id, TimestampMs } from '../primitives.ts'

/** No longer sent: the log of events keeps what it has for good, and this has an address in it. */
export const UserRegisteredWithAddress = defineEvent(
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

export const UserRegistered = defineEvent(
  'UserRegistered',
  2,
  'An account was made. Who it is of stands on another topic, which forgets.',
  Type.Object(
    {
      userId: Id,
      role: Type.Union([Type.Literal('bidder'), Type.Literal('admin')]),
      registeredAt: TimestampMs
    },
    { additionalProperties: false }
  )
)

export const AccountErased = defineEvent(
  'AccountErased',
  1,
  'What identity knew of a person is gone; whoever holds anything of them removes it.',
  Type.Object({ userId: Id, erasedAt: TimestampMs }, { additionalProperties: false })
)

export const ContactChanged = defineEvent(
  'ContactChanged',
  1,
  'How to write to a person. The newest of each person is all that the topic keeps.',
  Type.Object(
    {
      userId: Id,
      email: Email,
      displayName: Type.String({ minLength: 1, maxLength: 80 }),
      registeredAt: TimestampMs
    },
    { additionalProperties: false }
  )
)

export const ContactErased = defineEvent(
  'ContactErased',
  1,
  'A person is not to be written to any more. Takes the place of what was known of them.',
  Type.Object({ userId: Id, erasedAt: TimestampMs }, { additionalProperties: false })
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
