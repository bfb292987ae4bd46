import { logIn } from '@gavel/contracts/api/identity.ts'
import { StartFailure } from '../failure.ts'
import { Refused, type Gateway } from './gateway.ts'

export type AdminCredentials = { email: string; password: string }

/** Signs in as the admin, and signs in again before the token ends. */
export async function openAdmin(
  gateway: Gateway,
  credentials: AdminCredentials
): Promise<{ token(): Promise<string> }> {
  const signIn = async () => {
    try {
      return await gateway.call(logIn, { body: credentials }, { repeatable: true })
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'CREDENTIALS_WRONG') throw error
      throw new StartFailure(
        `${credentials.email} could not sign in as admin. Set GAVEL_ADMIN_EMAIL and GAVEL_ADMIN_PASSWORD as they are where Gavel was started.`
      )
    }
  }
  let tokens = await signIn()
  if (tokens.account.role !== 'admin') throw new StartFailure(`${credentials.email} is not an admin here.`)
  let renewing: Promise<unknown> | undefined
  return {
    async token() {
      if (tokens.accessTokenExpiresAt < Date.now() + 60_000) {
        renewing ??= signIn()
          .then((fresh) => (tokens = fresh))
          .finally(() => (renewing = undefined))
        await renewing
      }
      return tokens.accessToken
    }
  }
}
