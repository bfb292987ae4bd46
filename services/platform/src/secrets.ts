import { rotatingSecrets, type Environment, type RotatingSecret } from './config.ts'
import { ConfigError, giveVaultValue, vaultReferences } from './config.ts'
import { counter, type Counter } from './metrics.ts'
import type { Logger } from './log.ts'
import type { ServiceContext } from './service.ts'
import { VaultClient, type VaultSecret } from './vault/client.ts'
import { vaultConfig } from './vault/config.ts'
import { watchFile } from './watched-file.ts'

/** Where the secrets of a process come from while it runs: files that are swapped, and Vault. */

export interface VaultSource {
  readonly refreshMs: number
  /** Reads every path that the environment refers to; each once. */
  read(): Promise<void>
  close(): void
}

const valueOf = (secret: VaultSecret | undefined, key: string): string | undefined => {
  const value = secret?.data[key]
  return typeof value === 'string' ? value : undefined
}

/**
 * Reads what the environment refers to in Vault (`<NAME>_VAULT=path#key`), before the configuration is read, which finds it there.
 * Undefined where nothing refers to it.
 */
export async function openVault(env: Environment, log: Logger): Promise<VaultSource | undefined> {
  const references = vaultReferences(env)
  if (references.length === 0) return undefined
  const config = vaultConfig(env)
  if (!config) throw new ConfigError(['VAULT_ADDR is missing, and there are secrets to be read from there'])
  const client = new VaultClient(config, log)
  const paths = [...new Set(references.map(({ path }) => path))]
  const read = async (): Promise<void> => {
    const found = new Map(await Promise.all(paths.map(async (path) => [path, await client.read(path)] as const)))
    for (const { name, path, key } of references) {
      const value = valueOf(found.get(path), key)
      if (value !== undefined) giveVaultValue(name, value)
    }
  }
  try {
    await read()
  } catch (error) {
    client.close()
    throw new ConfigError([`Secrets cannot be read from Vault: ${(error as Error).message}`])
  }
  return { refreshMs: config.refreshMs, read, close: () => client.close() }
}

export interface FollowSecretsOptions {
  /** Files are looked at so often where the file system does not tell of their changes. */
  pollMs: number
  vault?: VaultSource | undefined
}

/** Gives each secret its new value when its file or Vault has one. A value that cannot be what it should be is told and changes nothing. */
export function followSecrets(context: ServiceContext, { pollMs, vault }: FollowSecretsOptions): { stop: () => void } {
  const { log, metrics } = context
  const rotations = counter(metrics, {
    name: 'secret_rotations_total',
    help: 'New values of secrets, by what became of them.',
    labelNames: ['secret', 'outcome']
  })
  const watched = rotatingSecrets().flatMap((each) =>
    each.file === undefined
      ? []
      : [
          watchFile(each.file, {
            pollMs,
            onText: (text) => rotate(each, text.trim(), log, rotations),
            onMissing: (error) => log.warn({ name: each.name, error }, 'The file of a secret cannot be read')
          })
        ]
  )
  let reading = false
  const refresh = async (source: VaultSource): Promise<void> => {
    if (reading) return
    reading = true
    try {
      await source.read()
      for (const each of rotatingSecrets()) {
        if (each.vaultValue !== undefined) rotate(each, each.vaultValue, log, rotations)
      }
    } catch (error) {
      log.warn({ error }, 'Secrets could not be read again from Vault: those that were read last hold')
    } finally {
      reading = false
    }
  }
  const timer = vault && setInterval(() => void refresh(vault), vault.refreshMs)
  timer?.unref()
  return {
    stop: () => {
      for (const each of watched) each.stop()
      clearInterval(timer)
      vault?.close()
    }
  }
}

function rotate({ name, secret, check, whole }: RotatingSecret, part: string, log: Logger, rotations: Counter): void {
  const value = whole(part)
  if (secret.is(value)) return
  try {
    check(value)
  } catch (error) {
    rotations.inc({ secret: name, outcome: 'refused' })
    // The sentence says what is wrong with the form and never repeats the value.
    log.error({ name, reason: (error as Error).message }, 'A new value of a secret is wrong and changes nothing')
    return
  }
  secret.rotate(value)
  rotations.inc({ secret: name, outcome: 'applied' })
  log.info({ name }, 'A secret has a new value')
}
