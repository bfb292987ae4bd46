import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { Email, Id, TimestampMs } from '../primitives.ts'
import { AccountRole, DisplayName, Password, TypedEmail } from './identity-forms.ts'

export * from './mailed-tokens.ts'
export * from './personal-data.ts'
export * from './sessions.ts'
export * from './users.ts'

export const Account = Type.Object(
  {
    userId: Id,
    email: Email,
    displayName: Type.String({ minLength: 1, maxLength: 80 }),
    role: AccountRole,
    registeredAt: TimestampMs,
    /** Whether a mail to the address has been seen to arrive. */
    emailVerified: Type.Boolean()
  },
  { additionalProperties: false }
)
export type Account = Static<typeof Account>

/** The access token is a JWT (EdDSA, `kid` from the JWKS); the refresh token is opaque and single-use. */
export const TokenPair = Type.Object(
  {
    accessToken: Type.String({ maxLength: 4096 }),
    accessTokenExpiresAt: TimestampMs,
    refreshToken: Type.String({ maxLength: 512 }),
    refreshTokenExpiresAt: TimestampMs,
    account: Account
  },
  { additionalProperties: false }
)
export type TokenPair = Static<typeof TokenPair>

export const register = defineOperation({
  id: 'register',
  method: 'POST',
  path: '/api/auth/register',
  role: 'public',
  summary: 'Makes a bidder’s account and signs it in.',
  body: Type.Object(
    { email: TypedEmail, password: Password, displayName: DisplayName },
    { additionalProperties: false }
  ),
  responses: { 201: TokenPair },
  errors: ['EMAIL_TAKEN', 'PASSWORD_TOO_WEAK']
})

export const logIn = defineOperation({
  id: 'logIn',
  method: 'POST',
  path: '/api/auth/login',
  role: 'public',
  summary:
    'Signs in. Failures are counted by account and by client address; too many lock it for a time that doubles, or let the address wait.',
  body: Type.Object({ email: TypedEmail, password: Password }, { additionalProperties: false }),
  responses: { 200: TokenPair },
  errors: ['CREDENTIALS_WRONG', 'ACCOUNT_LOCKED', 'ACCOUNT_DISABLED']
})

const RefreshTokenBody = Type.Object(
  { refreshToken: Type.String({ minLength: 1, maxLength: 512 }) },
  { additionalProperties: false }
)

export const refresh = defineOperation({
  id: 'refresh',
  method: 'POST',
  path: '/api/auth/refresh',
  role: 'public',
  summary: 'Trades a refresh token for a new pair. A token used twice ends every session of its sign-in.',
  body: RefreshTokenBody,
  responses: { 200: TokenPair },
  errors: ['REFRESH_TOKEN_INVALID', 'REFRESH_TOKEN_REUSED']
})

export const logOut = defineOperation({
  id: 'logOut',
  method: 'POST',
  path: '/api/auth/logout',
  role: 'public',
  summary: 'Ends the session that the refresh token belongs to.',
  body: RefreshTokenBody,
  responses: { 204: null },
  errors: ['REFRESH_TOKEN_INVALID']
})

export const readMyAccount = defineOperation({
  id: 'readMyAccount',
  method: 'GET',
  path: '/api/auth/me',
  role: 'user',
  summary: 'The account of the access token.',
  responses: { 200: Account },
  errors: []
})

export const readKeySet = defineOperation({
  id: 'readKeySet',
  method: 'GET',
  path: '/.well-known/jwks.json',
  role: 'public',
  summary:
    'The public keys of access tokens (JWKS). A key is published before it signs and stays until its last token has expired.',
  responses: { 200: Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) }) },
  errors: []
})

export const rotateKey = defineOperation({
  id: 'rotateKey',
  method: 'POST',
  path: '/api/auth/keys/rotate',
  role: 'admin',
  summary: 'Publishes a new signing key; it signs once every verifier has had time to see it.',
  subject: 'kid',
  responses: {
    202: Type.Object({ kid: Type.String({ maxLength: 64 }), signsFrom: TimestampMs }, { additionalProperties: false })
  },
  errors: []
})
