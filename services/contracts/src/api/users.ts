import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Email, Id, Line, page, PageQuery, TimestampMs } from '../primitives.ts'
import { AccountRole } from './identity-forms.ts'
import { EndedSessions, Session } from './sessions.ts'

/** Accounts as admins see and change them: operations of identity. Each change is audited with its reason. */

const closed = { additionalProperties: false } as const
/** For the audit. Free text: it should name no person. */
export const Reason = Line(300)
const UserParams = Type.Object({ userId: Id }, closed)
const WithReason = Type.Object({ reason: Reason }, closed)

export const User = Type.Object(
  {
    userId: Id,
    email: Email,
    displayName: Type.String({ minLength: 1, maxLength: 80 }),
    role: AccountRole,
    registeredAt: TimestampMs,
    emailVerified: Type.Boolean(),
    /** By an admin; missing where it is not locked. */
    locked: Type.Optional(Type.Object({ at: TimestampMs, by: Id, reason: Type.String() }, closed)),
    /** Nothing of a person is left: name and address are placeholders. */
    erasedAt: Type.Optional(TimestampMs)
  },
  closed
)
export type User = Static<typeof User>

export const listUsers = defineOperation({
  id: 'listUsers',
  method: 'GET',
  path: '/api/users',
  role: 'admin',
  summary: 'Accounts, newest first.',
  query: Type.Object(
    {
      ...PageQuery,
      /** The beginning of an address or of a name. */
      search: Type.Optional(Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]+$' })),
      role: Type.Optional(AccountRole),
      locked: Type.Optional(Type.Boolean())
    },
    closed
  ),
  responses: { 200: page(User) },
  errors: []
})

export const readUser = defineOperation({
  id: 'readUser',
  method: 'GET',
  path: '/api/users/:userId',
  role: 'admin',
  summary: 'One account.',
  params: UserParams,
  responses: { 200: User },
  errors: ['USER_NOT_FOUND']
})

export const lockUser = defineOperation({
  id: 'lockUser',
  method: 'POST',
  path: '/api/users/:userId/lock',
  role: 'admin',
  summary: 'Locks an account until it is unlocked: nobody signs in to it, and its sign-ins end.',
  params: UserParams,
  body: WithReason,
  responses: { 200: User },
  errors: ['USER_NOT_FOUND', 'OWN_ACCOUNT']
})

export const unlockUser = defineOperation({
  id: 'unlockUser',
  method: 'POST',
  path: '/api/users/:userId/unlock',
  role: 'admin',
  summary: 'Lifts an admin’s lock, and one by failed log-ins.',
  params: UserParams,
  body: WithReason,
  responses: { 200: User },
  errors: ['USER_NOT_FOUND']
})

export const changeUserRole = defineOperation({
  id: 'changeUserRole',
  method: 'PUT',
  path: '/api/users/:userId/role',
  role: 'admin',
  summary: 'Makes an account a bidder’s or an admin’s. Its sign-ins end, so that the next one has the new role.',
  params: UserParams,
  body: Type.Object({ role: AccountRole, reason: Reason }, closed),
  responses: { 200: User },
  errors: ['USER_NOT_FOUND', 'OWN_ACCOUNT']
})

export const listUserSessions = defineOperation({
  id: 'listUserSessions',
  method: 'GET',
  path: '/api/users/:userId/sessions',
  role: 'admin',
  summary: 'Where an account is signed in, newest first: a hundred at the most.',
  params: UserParams,
  responses: { 200: page(Session) },
  errors: ['USER_NOT_FOUND']
})

export const endUserSessions = defineOperation({
  id: 'endUserSessions',
  method: 'POST',
  path: '/api/users/:userId/sessions/end',
  role: 'admin',
  summary: 'Ends every sign-in of an account.',
  params: UserParams,
  body: WithReason,
  responses: { 200: EndedSessions },
  errors: ['USER_NOT_FOUND']
})
