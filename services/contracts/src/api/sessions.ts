import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Count, Id, page, TimestampMs } from '../primitives.ts'

/** Sign-ins, seen and ended by their owner: operations of identity. */

const closed = { additionalProperties: false } as const

export const Session = Type.Object(
  {
    sessionId: Id,
    startedAt: TimestampMs,
    /** When its tokens were last renewed. */
    lastUsedAt: TimestampMs,
    expiresAt: TimestampMs,
    /** What the client called itself at the sign-in. */
    userAgent: Type.Optional(Type.String({ maxLength: 200 })),
    /** Whether the access token of this request is of it. */
    current: Type.Boolean()
  },
  closed
)
export type Session = Static<typeof Session>

const SessionParams = Type.Object({ sessionId: Id }, closed)
export const EndedSessions = Type.Object({ ended: Count }, closed)

export const listMySessions = defineOperation({
  id: 'listMySessions',
  method: 'GET',
  path: '/api/auth/sessions',
  role: 'user',
  summary: 'Where you are signed in, newest first: a hundred at the most.',
  responses: { 200: page(Session) },
  errors: []
})

export const endMySession = defineOperation({
  id: 'endMySession',
  method: 'DELETE',
  path: '/api/auth/sessions/:sessionId',
  role: 'user',
  summary: 'Ends one of your sign-ins. Its access token goes on until it expires, ten minutes at the most.',
  params: SessionParams,
  responses: { 204: null },
  errors: ['SESSION_NOT_FOUND']
})

export const endMyOtherSessions = defineOperation({
  id: 'endMyOtherSessions',
  method: 'POST',
  path: '/api/auth/sessions/end-others',
  role: 'user',
  summary: 'Ends every sign-in of yours but the one that this access token is of.',
  responses: { 200: EndedSessions },
  errors: []
})
