import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearData } from '@gavel/standalone/backends/all.ts'
import { readDirectories } from '@gavel/standalone/config.ts'
import { type Platform, type PlatformOptions, startPlatform } from '@gavel/standalone/platform.ts'

/** A folder for one platform, which the user that runs PostgreSQL can enter too. */
export function platformHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'gavel-platform-'))
  chmodSync(home, 0o755)
  return home
}

export async function removeHome(home: string): Promise<void> {
  await clearData(join(home, 'data'))
  rmSync(home, { recursive: true, force: true })
}

/**
 * A whole platform of a test's own, on free ports, with backends of its own that can be killed. Nothing starts again by
 * itself: the test decides what runs. What it logged is kept when GAVEL_KEEP_LOGS is set.
 */
export async function freshPlatform(options: Partial<PlatformOptions> = {}): Promise<Platform> {
  const home = platformHome()
  const directories = { cache: readDirectories().cache, data: join(home, 'data'), logs: join(home, 'logs') }
  const platform = await startPlatform({ directories, ports: 'free', ...options })
  const stop = async (): Promise<void> => {
    await platform.stop()
    if (process.env['GAVEL_KEEP_LOGS']) console.error(`The logs are in ${directories.logs}`)
    else await removeHome(home)
  }
  return { ...platform, stop, [Symbol.asyncDispose]: stop }
}

/** The platform that every journey of the e2e project shares. */
export type SharedPlatform = Pick<
  Platform,
  'url' | 'mailUrl' | 'providerUrl' | 'admin' | 'urls' | 'ports' | 'directories'
>

export const sharedVariable = 'GAVEL_TEST_PLATFORM'

export function sharedPlatform(): SharedPlatform {
  const text = process.env[sharedVariable]
  if (!text) throw new Error(`${sharedVariable} is not set. Run this test through vitest's e2e project.`)
  return JSON.parse(text) as SharedPlatform
}
