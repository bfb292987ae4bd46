import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Id, TimestampMs } from '../primitives.ts'
import { Password } from './identity-forms.ts'
import { Session } from './sessions.ts'
import { Reason, User } from './users.ts'

/** What is known of a person, given to them and taken away again: operations of identity. */

const closed = { additionalProperties: false } as const

export const PersonalData = Type.Object(
  {
    account: User,
    sessions: Type.Array(Session),
    /** Where the other services answer with what they hold of you, for the same access token. */
    elsewhere: Type.Array(Type.String()),
    exportedAt: TimestampMs
  },
  closed
)
export type PersonalData = Static<typeof PersonalData>

export const exportMyData = defineOperation({
  id: 'exportMyData',
  method: 'GET',
  path: '/api/auth/me/data',
  role: 'user',
  summary: 'Everything identity holds of you, and the addresses where the other services answer with theirs.',
  responses: { 200: PersonalData },
  errors: []
})

export const eraseMyAccount = defineOperation({
  id: 'eraseMyAccount',
  method: 'POST',
  path: '/api/auth/me/erase',
  role: 'user',
  summary:
    'Erases your name and address for good, here and wherever they were sent. Orders and bids stay, under an id that leads to nobody.',
  body: Type.Object({ password: Password }, closed),
  responses: { 204: null },
  errors: ['CREDENTIALS_WRONG', 'ADMIN_NOT_ERASED']
})

export const eraseUser = defineOperation({
  id: 'eraseUser',
  method: 'POST',
  path: '/api/users/:userId/erase',
  role: 'admin',
  summary:
    'Erases a person’s name and address for good, as they would themselves. Erasing an erased account changes nothing.',
  params: Type.Object({ userId: Id }, closed),
  body: Type.Object({ reason: Reason }, closed),
  responses: { 200: User },
  errors: ['USER_NOT_FOUND', 'ADMIN_NOT_ERASED']
})
