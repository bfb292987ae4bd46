import { join } from 'node:path'
import { logIn, readKeySet, refresh, register, type TokenPair } from '@gavel/contracts/api/identity.ts'
import { storePaymentMethod } from '@gavel/contracts/api/payment.ts'
import { Refused, type Gateway } from '../client/gateway.ts'
import { readKeptAccounts, writeKeptAccounts, type KeptAccount } from './account-file.ts'
import type { Step } from './progress.ts'
import { credentialsOf, readOrMakeSecret, type Credentials } from './secret.ts'
import { sideBySide } from './side-by-side.ts'

/** A token is renewed when it has less than this left; a bid takes far less. */
const renewBeforeMs = 60_000
/** Password hashes keep the cores busy by themselves; more at once only wait longer. */
const width = 8
const saveEvery = 200

/** Approved by the sandbox provider. */
const card = { cardNumber: '4242424242424242', expiryMonth: 12, expiryYear: 2099, code: '123' }

export type Bidder = {
  /** A token that is good for a while yet. */
  token(): Promise<string>
  /** To be called when the platform refused a token that should have been good. */
  forgetToken(): void
}

const isRefused = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Refused && codes.includes(error.code)

async function signIn(gateway: Gateway, credentials: Credentials, displayName: string): Promise<TokenPair> {
  try {
    return await gateway.call(register, { body: { ...credentials, displayName } }, { repeatable: true })
  } catch (error) {
    if (!isRefused(error, 'EMAIL_TAKEN')) throw error
    return gateway.call(logIn, { body: credentials }, { repeatable: true })
  }
}

/** Trades the kept refresh token, or signs in. A refresh is never repeated: a token used twice ends its session. */
async function renew(
  gateway: Gateway,
  kept: KeptAccount | undefined,
  credentials: Credentials,
  displayName: string
): Promise<KeptAccount> {
  const cardStored = kept?.cardStored ?? false
  if (kept) {
    try {
      const tokens = await gateway.call(refresh, { body: { refreshToken: kept.refreshToken } })
      return { ...tokens, cardStored }
    } catch (error) {
      if (error instanceof Refused && error.status !== 401) throw error
    }
  }
  return { ...(await signIn(gateway, credentials, displayName)), cardStored }
}

export type Bidders = { named(name: string): Bidder; save(): void }

/** Brings every bidder to an account with a good token and a stored card, and keeps them in `directory` for the next time. */
export async function openBidders(
  gateway: Gateway,
  directory: string,
  names: readonly string[],
  step: Step
): Promise<Bidders> {
  const secret = readOrMakeSecret(join(directory, 'secret'))
  const file = join(directory, 'accounts.json')
  const { keys } = await gateway.call(readKeySet, {})
  const accounts = readKeptAccounts(file, new Set(keys.map(({ kid }) => String(kid))))
  const bidders = new Map<string, Bidder>()
  const save = (): void => writeKeptAccounts(file, accounts)

  const open = async (name: string): Promise<void> => {
    const credentials = credentialsOf(secret, name)
    const { email } = credentials
    let renewing: Promise<string> | undefined
    const token = (): Promise<string> => {
      const kept = accounts.get(email)
      if (kept && kept.accessTokenExpiresAt > Date.now() + renewBeforeMs) return Promise.resolve(kept.accessToken)
      renewing ??= renew(gateway, kept, credentials, name.slice(0, 80))
        .then(({ accessToken, accessTokenExpiresAt, refreshToken, cardStored }) => {
          accounts.set(email, { accessToken, accessTokenExpiresAt, refreshToken, cardStored })
          return accessToken
        })
        .finally(() => (renewing = undefined))
      return renewing
    }
    const forgetToken = (): void => {
      const kept = accounts.get(email)
      if (kept) accounts.set(email, { ...kept, accessTokenExpiresAt: 0 })
    }
    const accessToken = await token()
    const account = accounts.get(email)!
    if (!account.cardStored) {
      await gateway.call(storePaymentMethod, { body: card }, { token: accessToken, repeatable: true })
      account.cardStored = true
    }
    bidders.set(name, { token, forgetToken })
  }

  try {
    let opened = 0
    await sideBySide(names, width, async (name) => {
      await open(name)
      opened += 1
      step.advance()
      if (opened % saveEvery === 0) save()
    })
  } finally {
    save()
  }
  return { named: (name) => bidders.get(name)!, save }
}
