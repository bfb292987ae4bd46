import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readDirectories, readPorts } from '../config.ts'
import { inherited } from '../environment.ts'
import { StartFailure } from '../failure.ts'
import type { AdminCredentials } from './admin.ts'

/** Where the running platform is to be reached: GAVEL_URL, or GAVEL_PORT on this machine. */
export function readGatewayUrl(): string {
  const url = inherited()['GAVEL_URL'] || `http://127.0.0.1:${readPorts()['gateway']}`
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new StartFailure(`GAVEL_URL is ${url}; it must be an address such as http://127.0.0.1:8080.`)
  }
  return new URL(url).origin
}

/** The page of the local mail inbox. */
export const readInboxUrl = (): string => inherited()['GAVEL_MAIL_URL'] || `http://127.0.0.1:${readPorts()['mail']}`

/** The folder that holds what this machine knows of its platform: `.gavel`, or GAVEL_DIRECTORY. */
export const readHome = (): string => dirname(readDirectories().data)

/** As they were given to `npm start`; what was not given then is what the platform chose and keeps with its data. */
export function readAdminCredentials(): AdminCredentials {
  const environment = inherited()
  const email = environment['GAVEL_ADMIN_EMAIL'] || 'admin@gavel.example'
  const given = environment['GAVEL_ADMIN_PASSWORD']
  if (given) return { email, password: given }
  try {
    const kept = JSON.parse(readFileSync(join(readDirectories().data, 'secrets.json'), 'utf8')) as {
      adminPassword?: string
    }
    if (kept.adminPassword) return { email, password: kept.adminPassword }
  } catch {
    // No platform was started from here, or its data was cleared.
  }
  throw new StartFailure(
    'The admin of this platform is not known here. Set GAVEL_ADMIN_EMAIL and GAVEL_ADMIN_PASSWORD.'
  )
}
