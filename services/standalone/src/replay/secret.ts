import { createHash, createHmac, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * The accounts of recorded bidders: the same bidder has the same account in every replay from this machine, and its
 * password follows from a secret that is made here once and never leaves.
 */
export type Credentials = { email: string; password: string }

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

export function readOrMakeSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(file, 0o600)
  return readFileSync(file, 'utf8').trim()
}

/** The address names the secret too, so that a new secret brings new accounts instead of wrong passwords. */
export function credentialsOf(secret: string, bidder: string): Credentials {
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  const email = `${digest(bidder).slice(0, 24)}.${digest(secret).slice(0, 8)}@replay.example`
  return { email, password: createHmac('sha256', secret).update(email).digest('base64url') }
}
