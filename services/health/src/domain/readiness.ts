import type { PlatformReadiness } from '@gavel/contracts/api/health.ts'

/** What was found out about one service: its answer to `/readyz`, or why there was none. */
export type Finding = { answered: true; status: number; body: unknown } | { answered: false; error: string }

type ServiceReadiness = PlatformReadiness['services'][string]
type Parts = ServiceReadiness['parts']

const partsMax = 50
const nameMax = 60
const errorMax = 300

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function partOf(value: unknown): Parts[string] {
  if (!isObject(value)) return { status: 'down', error: 'the answer has an unknown form' }
  const status = value['status'] === 'up' ? 'up' : 'down'
  const { error } = value
  return typeof error === 'string' ? { status, error: error.slice(0, errorMax) } : { status }
}

function partsOf(body: unknown): Parts {
  const parts = isObject(body) && isObject(body['parts']) ? body['parts'] : {}
  return Object.fromEntries(
    Object.entries(parts)
      .slice(0, partsMax)
      .map(([name, part]) => [name.slice(0, nameMax), partOf(part)])
  )
}

/**
 * A service is ready when it says so with 200. A part may be down all the same: the service knows which it can do
 * without for a while. A service that cannot be asked has one part, the way to it, which is down.
 */
export function serviceReadiness(finding: Finding): ServiceReadiness {
  if (!finding.answered) {
    return { status: 'unreachable', parts: { process: { status: 'down', error: finding.error.slice(0, errorMax) } } }
  }
  const parts = partsOf(finding.body)
  if (finding.status === 200) return { status: 'ready', parts }
  if (Object.keys(parts).length > 0) return { status: 'not-ready', parts }
  return { status: 'not-ready', parts: { process: { status: 'down', error: `answered ${finding.status}` } } }
}

/** The platform is ready when every service is. */
export function platformReadiness(findings: Readonly<Record<string, Finding>>, checkedAt: number): PlatformReadiness {
  const services = Object.fromEntries(
    Object.entries(findings).map(([name, finding]) => [name, serviceReadiness(finding)])
  )
  const ready = Object.values(services).every(({ status }) => status === 'ready')
  return { status: ready ? 'ready' : 'not-ready', checkedAt, services }
}
