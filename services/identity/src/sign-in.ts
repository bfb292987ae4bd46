import type { TokenPair } from '@gavel/contracts/api/identity.ts'
import type { AccessToken } from './access-tokens.ts'
import { withoutHash, type StoredAccount } from './store/accounts.ts'
import type { IssuedToken } from './store/sessions.ts'

/** What a successful registration, log-in or refresh answers with. */
export const tokenPair = (account: StoredAccount, access: AccessToken, refresh: IssuedToken): TokenPair => ({
  accessToken: access.accessToken,
  accessTokenExpiresAt: access.accessTokenExpiresAt,
  refreshToken: refresh.refreshToken,
  refreshTokenExpiresAt: refresh.refreshTokenExpiresAt,
  account: withoutHash(account)
})
