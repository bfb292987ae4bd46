import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { port, readDirectories } from '../config.ts'
import { inherited } from '../environment.ts'
import { StartFailure } from '../failure.ts'
import type { AdminCredentials } from './admin.ts'

/** Where the running platform is to be reached: GAVEL_URL, or GAVEL_PORT on this machine. */
export function readGatewayUrl(): string {
  const url = inherited()['GAVEL_URL'] || `http://127.0.0.1:${port('GAVEL_PORT', 8080)}`
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new StartFailure(`GAVEL_URL is ${url}; it must be an address such as http://127.0.0.1:8080.`)
  }
  return new URL(url).origin
}

/** The folder that holds what this machine knows of its platform: `.gavel`, or GAVEL_DIRECTORY. */
export const readHome = (): string => dirname(readDirectories().data)
