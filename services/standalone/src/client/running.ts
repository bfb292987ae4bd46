import type { PlatformReadiness } from '@gavel/contracts/api/health.ts'
import { request } from 'undici'
import { StartFailure } from '../failure.ts'

/** Every part that is not ready, as `service (part: error)`. */
function unready(readiness: PlatformReadiness): string[] {
  return Object.entries(readiness.services)
    .filter(([, service]) => service.status !== 'ready')
    .map(([name, service]) => {
      const down = Object.entries(service.parts).filter(([, part]) => part.status === 'down')
      const parts = down.map(([part, { error }]) => (error ? `${part}: ${error}` : part))
      return parts.length > 0 ? `${name} (${parts.join('; ')})` : `${name} (${service.status})`
    })
}

/** Ends with one sentence and its cure where the platform is not there to be used. */
export async function requireRunning(url: string): Promise<void> {
  const cure = 'Start it with `npm start` in another terminal; GAVEL_URL or GAVEL_PORT say where it is, if elsewhere.'
  const response = await request(`${url}/readyz`, { headersTimeout: 10_000 }).catch((error: Error) => error)
  if (response instanceof Error) throw new StartFailure(`Gavel is not running at ${url}. ${cure}`)
  const text = await response.body.text()
  let readiness: Partial<PlatformReadiness> = {}
  try {
    readiness = JSON.parse(text) as Partial<PlatformReadiness>
  } catch {
    // Not JSON: something else listens here, or the gateway stands alone.
  }
  if (response.statusCode === 200 && readiness.status === 'ready') return
  if (readiness.services) {
    throw new StartFailure(
      `Gavel at ${url} is not ready: ${unready(readiness as PlatformReadiness).join(', ')}. See its logs.`
    )
  }
  throw new StartFailure(`What answers at ${url} is not a ready Gavel (GET /readyz: ${response.statusCode}). ${cure}`)
}
