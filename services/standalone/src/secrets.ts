import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export type Admin = { email: string; password: string }

/** What this one machine made up for itself. It lies beside the data it opens, readable by its owner alone. */
export type Secrets = {
  adminPassword: string
  bidderPassword: string
  providerApiKey: string
  keyEncryptionKey: string
  sealingKey: string
}

const made = (): Secrets => ({
  adminPassword: randomBytes(12).toString('base64url'),
  bidderPassword: randomBytes(12).toString('base64url'),
  providerApiKey: randomBytes(24).toString('base64url'),
  keyEncryptionKey: randomBytes(32).toString('base64'),
  sealingKey: randomBytes(32).toString('base64')
})

/** Made once and then kept, because what is stored can only be opened with them. */
export function keptSecrets(file: string): Secrets {
  let kept: Partial<Secrets> = {}
  try {
    kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const secrets = { ...made(), ...kept }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  chmodSync(`${file}.new`, 0o600)
  renameSync(`${file}.new`, file)
  return secrets
}
