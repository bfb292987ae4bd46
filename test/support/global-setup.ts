import { mkdtempSync, rmSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearData, startBackends } from '@gavel/standalone/backends/all.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { freePorts } from '@gavel/standalone/port-table.ts'
import { backendVariables, givenBackends } from './backends.ts'

/**
 * Backends for one run of vitest: the ones that the environment names, and otherwise ones of our own that end with the
 * run. Vitest calls this once for each project; the first call leaves the addresses in the environment for the others.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const given = givenBackends()
  if (Object.keys(given).length === Object.keys(backendVariables).length) return undefined
  const home = mkdtempSync(join(tmpdir(), 'gavel-test-'))
  chmodSync(home, 0o755)
  const directories = { cache: readDirectories().cache, data: join(home, 'data'), logs: join(home, 'logs') }
  const progress = (line: string): void => console.error(`  ${line}`)
  const backends = await startBackends({ directories, ports: await freePorts(), given, durable: false, progress })
  const ours = Object.entries(backendVariables).filter(([name]) => !(name in given))
  for (const [name, variable] of ours) process.env[variable] = backends.urls[name as keyof typeof backendVariables]
  return async () => {
    await backends.stop()
    for (const [, variable] of ours) delete process.env[variable]
    await clearData(directories.data)
    rmSync(home, { recursive: true, force: true })
  }
}
