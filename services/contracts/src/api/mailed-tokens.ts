import { Type } from 'typebox'
import { defineOperation } from '../define.ts'
import { Password, TypedEmail } from './identity-forms.ts'

/** What is proved by a mail that arrived: operations of identity. */

const closed = { additionalProperties: false } as const

/** From the link in the mail: `#verify-email=<token>` or `#reset-password=<token>`. Works once, and not for long. */
const MailedToken = Type.String({ minLength: 20, maxLength: 200, pattern: '^[A-Za-z0-9_-]+$' })

export const requestEmailVerification = defineOperation({
  id: 'requestEmailVerification',
  method: 'POST',
  path: '/api/auth/email/verification',
  role: 'user',
  summary:
    'Sends a mail that verifies your address. One is sent at registration too. Where it is verified, none is sent.',
  responses: { 202: null },
  errors: []
})

export const verifyEmail = defineOperation({
  id: 'verifyEmail',
  method: 'POST',
  path: '/api/auth/email/verify',
  role: 'public',
  summary: 'Verifies the address that the token was mailed to.',
  body: Type.Object({ token: MailedToken }, closed),
  responses: { 204: null },
  errors: ['MAILED_TOKEN_INVALID']
})

export const forgotPassword = defineOperation({
  id: 'forgotPassword',
  method: 'POST',
  path: '/api/auth/password/forgot',
  role: 'public',
  summary: 'Sends a mail to set a new password, if there is such an account: the answer is the same either way.',
  body: Type.Object({ email: TypedEmail }, closed),
  responses: { 202: null },
  errors: []
})

export const resetPassword = defineOperation({
  id: 'resetPassword',
  method: 'POST',
  path: '/api/auth/password/reset',
  role: 'public',
  summary:
    'Sets a new password with the token of a mail. Every sign-in ends, a lock by failures is lifted, and the address is verified.',
  body: Type.Object({ token: MailedToken, password: Password }, closed),
  responses: { 204: null },
  errors: ['MAILED_TOKEN_INVALID', 'PASSWORD_TOO_WEAK']
})
