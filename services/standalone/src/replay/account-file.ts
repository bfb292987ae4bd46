import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** What is kept of an account between two replays, so that the second need not sign in, which costs a password hash each. */
export type KeptAccount = {
  accessToken: string
  accessTokenExpiresAt: number
  refreshToken: string
  cardStored: boolean
}
/** By e-mail address. */
export type KeptAccounts = Map<string, KeptAccount>

/** The `kid` of a token's header, or undefined where it is none. */
export function keyIdOf(token: string): string | undefined {
  try {
    const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid?: string }
    return header.kid
  } catch {
    return undefined
  }
}

/** Tokens signed by a key that the platform does not publish are another platform's, or one's whose data was cleared. */
export function readKeptAccounts(file: string, publishedKeyIds: ReadonlySet<string>): KeptAccounts {
  let entries: [string, KeptAccount][]
  try {
    entries = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, KeptAccount>)
  } catch {
    // Missing or half-written: the accounts are signed in again.
    return new Map()
  }
  return new Map(entries.filter(([, account]) => publishedKeyIds.has(keyIdOf(account.accessToken) ?? '')))
}

export function writeKeptAccounts(file: string, accounts: KeptAccounts): void {
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, JSON.stringify(Object.fromEntries(accounts)), { mode: 0o600 })
  renameSync(aside, file)
}
