import { readFileSync } from 'node:fs'
import { ConfigError, type Environment, integer, optional, readConfig, secret, text, url } from '../config.ts'
import type { VaultSettings } from './client.ts'

/** Where Vault is, and how this process proves who it is there. Undefined where no address is given. */
export function vaultConfig(env: Environment): (VaultSettings & { refreshMs: number }) | undefined {
  const read = readConfig(env, {
    VAULT_ADDR: optional(url({ protocols: ['http', 'https'] })),
    VAULT_MOUNT: text({ default: 'secret', pattern: /^[A-Za-z0-9_./-]+$/ }),
    VAULT_NAMESPACE: optional(text()),
    VAULT_TOKEN: secret({ optional: true }),
    VAULT_ROLE: optional(text()),
    VAULT_KUBERNETES_MOUNT: text({ default: 'kubernetes' }),
    VAULT_KUBERNETES_TOKEN_FILE: text({ default: '/var/run/secrets/kubernetes.io/serviceaccount/token' }),
    /** A file with the PEM of the authorities that vouch for it, as Vault's own tools name it. */
    VAULT_CACERT: optional(text()),
    /** How often it is asked for newer versions. */
    VAULT_REFRESH_MS: integer({ default: 60_000, min: 100, max: 86_400_000 })
  })
  if (read.VAULT_ADDR === undefined) return undefined
  const kubernetes = {
    kind: 'kubernetes',
    role: read.VAULT_ROLE ?? '',
    mount: read.VAULT_KUBERNETES_MOUNT,
    tokenFile: read.VAULT_KUBERNETES_TOKEN_FILE
  } as const
  return {
    address: read.VAULT_ADDR,
    mount: read.VAULT_MOUNT,
    namespace: read.VAULT_NAMESPACE,
    ca: read.VAULT_CACERT === undefined ? undefined : authorities(read.VAULT_CACERT),
    auth: read.VAULT_ROLE === undefined ? { kind: 'token', token: read.VAULT_TOKEN } : kubernetes,
    refreshMs: read.VAULT_REFRESH_MS
  }
}

function authorities(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError([`VAULT_CACERT cannot be read (${code ?? 'unknown'})`])
  }
}
