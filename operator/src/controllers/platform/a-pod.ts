import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { plainVariables } from './resources/environment.ts'
import type { BuildContext } from './resources/metadata.ts'
import { secretFolders, secretsFolder } from './resources/secrets.ts'

interface SecretSource {
  secret: { name: string; items: { key: string; path: string }[] }
}

/**
 * For tests: a service's environment as the kubelet makes it, with its Secrets as files below a folder. Their values are asked for by the
 * Secret's name, the key and the file.
 */
export function environmentInPod(
  context: BuildContext,
  service: ServiceDefinition,
  folder: string,
  valueOf: (secret: string, key: string, file: string) => string
): Record<string, string> {
  const place = join(folder, service.name)
  mkdirSync(place, { recursive: true })
  for (const { volume } of secretFolders(context, service)) {
    for (const { secret } of volume.projected.sources as unknown as SecretSource[]) {
      for (const { key, path } of secret.items) writeFileSync(join(place, path), `${valueOf(secret.name, key, path)}\n`)
    }
  }
  return Object.fromEntries(
    Object.entries(plainVariables(context, service)).map(([name, value]) => [name, value.replace(secretsFolder, place)])
  )
}
